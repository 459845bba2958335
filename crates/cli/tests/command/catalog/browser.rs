//! Somebody who signs in on a login page and carries the address back.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use reqwest::header::LOCATION;
use reqwest::redirect::Policy;

use crate::home::{Home, ended, wait_for};

/// Runs `tenure authorize`, signs in on the page that it names, and pastes the address that the page leads to.
pub fn authorize(home: &Home, application: &str, name: &str, password: &str) {
    let mut command = home.command(&["authorize", application, "--paste"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut page = String::new();
    while !page.starts_with("http") {
        page.clear();
        let read = lines.read_line(&mut page).unwrap();
        assert!(read > 0, "`tenure authorize` names no address");
    }
    let end = wait_for(sign_in(page.trim(), name, password));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(end.as_bytes()).unwrap();
    drop(stdin);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let done = ended(child).with(0);
    assert!(rest.contains("is authorized"), "{rest}{}", done.err);
}

/// Opens a login page, sends its form, and gives the address that the browser is led to.
async fn sign_in(page: &str, name: &str, password: &str) -> String {
    // Another test of the same process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let shown = client.get(page).send().await.unwrap();
    assert!(shown.status().is_success(), "{}", shown.text().await.unwrap());
    let form = [("username", name), ("password", password), ("decision", "allow")];
    let answer = client.post(page).form(&form).send().await.unwrap();
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}
