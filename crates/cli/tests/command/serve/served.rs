//! The command while it serves, and requests to it as they stand on the wire.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command};

use tenure_lab::{ReservedPort, wait_until};
use url::Url;

use crate::home::{Ended, Home, LIMIT, ended};

/// A form's request as browsers send it.
pub const FORM: &str = "Sec-Fetch-Site: same-origin\r\nOrigin: null\r\nContent-Length: 0\r\n";

/// The command, serving. It is killed when a test fails.
pub struct Served {
    child: Option<Child>,
    port: ReservedPort,
    /// What it said at start.
    pub greeting: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Header fields, with names in lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The same, when it has this status.
    pub fn with(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }

    /// The same, when this is on its page.
    pub fn says(self, text: &str) -> Self {
        assert!(self.body.contains(text), "no {text:?} in {}", self.body);
        self
    }

    /// A header field.
    pub fn header(&self, name: &str) -> &str {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = fields.find_map(|(other, value)| (other == name).then_some(value));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    /// The cookie that it sets, as it is sent back.
    pub fn cookie(&self) -> String {
        let cookie = self.header("set-cookie").split(';').next().unwrap();
        format!("Cookie: other=1; {cookie}\r\n")
    }
}

impl Served {
    /// Serves a home at this port.
    pub fn start(home: &Home, port: ReservedPort) -> Self {
        let listen = format!("127.0.0.1:{}", port.number());
        let mut command = home.command(&["serve", "--listen", &listen]);
        let mut child = command.env("TENURE_LOG", "debug").spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("Redirect URL") {
            let read = lines.read_line(&mut greeting).unwrap();
            assert!(read > 0, "it ended: {:?}", ended(child));
        }
        Self {
            child: Some(child),
            port,
            greeting,
        }
    }

    /// Where it is known to be.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port.number())
    }

    /// Where browsers come back to.
    pub fn callback(&self) -> String {
        callback(&self.port)
    }

    /// Asks for a path of it, with these header fields besides `Host`.
    pub fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let host = self.host();
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n"
        ))
    }

    /// Opens a page.
    pub fn open(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Opens an address that the browser was sent to.
    pub fn come_back(&self, to: &Url, cookie: &str) -> Answer {
        self.ask("GET", &to[url::Position::BeforePath..], cookie)
    }

    /// Sends a request as it is.
    pub fn send(&self, request: &str) -> Answer {
        let mut stream = self.connect().unwrap();
        // What is too long is answered before all of it is sent.
        drop(stream.write_all(request.as_bytes()));
        answer(stream)
    }

    /// A connection to it.
    pub fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port.number()))?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(stream)
    }

    /// Asks it to end, as a service manager does, and waits until nobody is let in any more.
    pub fn ask_to_end(&self) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        wait_until("the listener to be closed", LIMIT, || self.connect().is_err()).unwrap();
    }

    /// How it ended, and what it logged.
    pub fn ended(mut self) -> Ended {
        ended(self.child.take().unwrap()).with(0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where browsers come back to when it serves at this port.
pub fn callback(port: &ReservedPort) -> String {
    format!("http://127.0.0.1:{}/oauth/callback", port.number())
}

/// Reads an answer up to the end of the connection.
pub fn answer(mut stream: TcpStream) -> Answer {
    let mut text = Vec::new();
    // The other side may end the connection roughly after it has answered, when not all was read.
    let read = stream.read_to_end(&mut text);
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {read:?} {text}"));
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
