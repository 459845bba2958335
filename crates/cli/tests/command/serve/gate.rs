//! Requests that are turned away, documents that have errors, and addresses that are not served.

use tenure_lab::ReservedPort;

use super::served::{FORM, Served};
use crate::home::Home;

const DOCUMENTS: &str = "
kind: application
name: crm
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: https://crm.example.com/agree
  token_url: https://crm.example.com/token
  client_id: tenure
endpoints: [{ name: users, url: 'https://crm.example.com/users' }]
---
kind: application
name: machine
authorization:
  type: oauth2
  grant: client_credentials
  token_url: https://machine.example.com/token
  client_id: tenure
  client_secret: \"{{ secret('machine') }}\"
endpoints: [{ name: users, url: 'https://machine.example.com/users' }]
---
kind: application
name: hr
authorization: { type: bearer, value: \"{{ secret('hr') }}\" }
endpoints: [{ name: users, url: 'https://hr.example.com/users' }]
";
const AUTHORIZE: &str = "/applications/crm/authorize";

fn serve(documents: &str) -> (Home, Served) {
    let home = Home::new(&[("all.yaml", documents.to_owned())]);
    let served = Served::start(&home, ReservedPort::reserve().unwrap());
    (home, served)
}

#[test]
fn requests_for_other_hosts_and_from_other_pages_are_turned_away() {
    let (_home, served) = serve(DOCUMENTS);
    let to = |host: &str, path: &str| served.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    let port = served.host().replace("127.0.0.1:", "");
    let rebound = to(&format!("evil.test:{port}"), "/").with(421);
    assert!(!rebound.body.contains("crm"), "{}", rebound.body);
    to("127.0.0.1", "/").with(421);
    to(&format!("evil.test:{port}"), "/oauth/callback?state=x").with(421);
    let absolute = format!("http://evil.test:{port}/");
    to(&served.host(), &absolute).with(421);
    served.send("GET / HTTP/1.0\r\n\r\n").with(421);
    // Another name of this machine leads to the right one; watchers use any name.
    let alias = to(&format!("localhost:{port}"), "/").with(307);
    assert_eq!(alias.header("location"), format!("http://{}/", served.host()));
    to("10.0.0.7:8430", "/healthz").with(200).says("up");
    to("10.0.0.7:8430", "/readyz").with(200).says("ready");

    for headers in [
        "",
        "Origin: https://evil.test\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.test\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let refused = served.ask("POST", AUTHORIZE, headers).with(403);
        assert!(!refused.head.contains("location: "), "{}", refused.head);
    }
    served.open(AUTHORIZE).with(405);
    let own = format!("Origin: http://{}\r\nContent-Length: 0\r\n", served.host());
    served.ask("POST", AUTHORIZE, &own).with(303);
    let sent = served.ask("POST", AUTHORIZE, FORM).with(303);
    assert!(
        sent.header("location")
            .starts_with("https://crm.example.com/agree?")
    );
    let cookie = sent.header("set-cookie");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );

    served
        .ask("POST", "/applications/nobody/authorize", FORM)
        .with(404)
        .says("nobody");
    let machine = served
        .ask("POST", "/applications/machine/authorize", FORM)
        .with(409);
    machine.says("nobody has to agree");
    served
        .ask("POST", "/applications/hr/authorize", FORM)
        .with(409)
        .says("is not `oauth2`");
}

#[test]
fn every_answer_is_guarded_and_every_request_bounded() {
    let (_home, served) = serve(DOCUMENTS);
    for path in [
        "/",
        "/style.css",
        "/icon.svg",
        "/nothing",
        "/healthz",
        "/oauth/callback",
    ] {
        let answer = served.open(path);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        let guards = [
            "cache-control",
            "x-content-type-options",
            "referrer-policy",
            "x-frame-options",
        ];
        assert_eq!(
            guards.map(|name| answer.header(name)),
            ["no-store", "nosniff", "no-referrer", "DENY"],
            "{path}"
        );
    }
    served
        .open("/nothing&nowhere")
        .with(404)
        .says("/nothing&amp;nowhere");
    served
        .ask("POST", AUTHORIZE, "Content-Length: 99999\r\n")
        .with(413);
    let long = format!("X-Long: {}\r\n", "x".repeat(100 << 10));
    served.ask("GET", "/", &long).with(431);
    let many = "X-Many: x\r\n".repeat(100);
    served.ask("GET", "/", &many).with(431);
}

#[test]
fn documents_are_read_anew_and_their_errors_are_shown() {
    let (home, served) = serve("");
    let empty = served.open("/").with(200).says("There are no applications yet.");
    empty.says("tenure catalog use").says(&served.callback());
    home.write("all.yaml", DOCUMENTS);
    let page = served.open("/").with(200).says("OAuth 2.0, client credentials");
    let page = page.says("One application needs authorization");
    assert_eq!(page.body.matches("<form").count(), 1, "{}", page.body);
    home.write(
        "all.yaml",
        &DOCUMENTS.replace("https://crm.example.com/agree", "<agree>"),
    );
    let wrong = served.open("/").with(500).says("The documents have errors");
    wrong.says("all.yaml:7:").says("&lt;agree&gt;");
    served.ask("POST", AUTHORIZE, FORM).with(500).says("all.yaml:7:");
    home.write("all.yaml", DOCUMENTS);
    served.ask("POST", AUTHORIZE, FORM).with(303);
}

#[test]
fn what_cannot_be_served_is_said_before_anything_is_reachable() {
    let home = Home::new(&[("all.yaml", DOCUMENTS.to_owned())]);
    let refused = |arguments: &[&str], says: &str| {
        let ended = home.run(&[&["serve"], arguments].concat()).with(1);
        assert!(
            ended.err.contains(says) && ended.out.is_empty(),
            "{}{}",
            ended.out,
            ended.err
        );
    };
    refused(&["--listen", "0.0.0.0:0"], "lets other machines in");
    let unencrypted = [
        "--listen",
        "0.0.0.0:0",
        "--public-url",
        "http://tenure.example.com",
    ];
    refused(&unencrypted, "unencrypted");
    refused(
        &["--public-url", "https://example.com/tenure"],
        "scheme, host and port",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&["--listen", &address], "choose another port with `--listen`");
    home.write("all.yaml", &DOCUMENTS.replace("client_id: tenure\n", ""));
    refused(&["--listen", "127.0.0.1:0"], "all.yaml:");
}
