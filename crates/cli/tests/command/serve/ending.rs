//! It is asked to end while a code is being exchanged.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use tenure_lab::ReservedPort;
use url::Url;

use super::served::{FORM, Served, answer};
use crate::home::Home;

const TOKEN: &str = r#"{"access_token":"a","refresh_token":"r","token_type":"bearer","expires_in":3600}"#;

/// A vendor whose token requests wait until they are answered by hand.
struct Vendor(TcpListener);

impl Vendor {
    /// The next token request, read to its end.
    fn asked(&self) -> TcpStream {
        let (stream, _) = self.0.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).unwrap() > 0);
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader.into_inner()
    }
}

fn give_token(mut stream: TcpStream) {
    let length = TOKEN.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{TOKEN}").as_bytes()).unwrap();
}

#[test]
fn requests_in_hand_are_finished_whether_or_not_their_browser_waits() {
    for browser_waits in [true, false] {
        let vendor = Vendor(TcpListener::bind("127.0.0.1:0").unwrap());
        let url = format!("http://{}", vendor.0.local_addr().unwrap());
        let documents = format!(
            "
kind: application
name: slow
private_addresses: allowed
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: {url}/agree
  token_url: {url}/token
  client_id: tenure
endpoints: [{{ name: users, url: '{url}/users' }}]
"
        );
        let home = Home::new(&[("slow.yaml", documents)]);
        let served = Served::start(&home, ReservedPort::reserve().unwrap());
        let sent = served.ask("POST", "/applications/slow/authorize", FORM).with(303);
        let page: Url = sent.header("location").parse().unwrap();
        let state = page.query_pairs().find(|(name, _)| name == "state").unwrap().1;
        let mut browser = served.connect().unwrap();
        let (host, cookie) = (served.host(), sent.cookie());
        let back =
            format!("GET /oauth/callback?code=c&state={state} HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n");
        browser.write_all(back.as_bytes()).unwrap();
        let asked = vendor.asked();
        if !browser_waits {
            browser.shutdown(Shutdown::Both).unwrap();
        }
        served.ask_to_end();
        give_token(asked);
        if browser_waits {
            answer(browser).with(200).says("slow is authorized");
        }
        let log = served.ended().err;
        assert!(log.contains("Ended."), "{log}");
        home.run(&["applications"]).with(0);
    }
}
