//! Secrets of every kind are planted, sent to somebody who says them back in every way, and looked for in every error,
//! every log line at every level, and the database's files.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rstest::rstest;
use std::time::{Duration, SystemTime};
use tenure_engine::{Engine, Unwatched};

use crate::company::{On, documents, fresh, open, unwatched};
use crate::logs::Logs;
use crate::secrets::{contains, contents, forms, found};

const KEY: &str = "planted key/in+header&0c1";
const PASSWORD: &str = "planted päss\\word/+&2d7";
const TOKEN: &str = "planted-bearer_token.~+/3e8=";
const CLIENT: &str = "planted client/s3cret+&4f9";
const BODY: &str = "planted \"body\" s3cret/+&5a0";
const BIND: &str = "planted bind/p4ssword+&6b1";
const ACCESS: &str = "planted-access_token.~+/7c2=";
const REFRESH: &str = "planted-refresh_token.~+/8d3=";

/// What calls carry, and where: `authorization` and further fields of the endpoint.
const CARRIED: [(&str, &str, &str); 7] = [
    (
        "{ type: api_key, key: x-api-key, value: \"{{ secret('key') | url_encode }}{{ secret('key') }}\" }",
        "",
        "GET",
    ),
    (
        "{ type: api_key, key: apikey, add_to: query, value: \"{{ secret('key') }}\" }",
        "",
        "GET",
    ),
    (
        "{ type: basic, user: ada, password: \"{{ secret('password') }}\" }",
        "",
        "GET",
    ),
    ("{ type: bearer, value: \"{{ secret('token') }}\" }", "", "GET"),
    (
        "{ type: none }",
        ", message: json, body: { a: { b: \"is {{ secret('body') }}\" } }, headers: { x-note: \"{{ secret('token') }}\" }",
        "POST",
    ),
    (
        "{ type: none }",
        ", message: form, body: { a: \"{{ secret('body') }}\" }",
        "POST",
    ),
    (
        "{ type: oauth2, grant: client_credentials, client_authentication: WHERE, client_id: tenure, client_secret: \"{{ secret('client') }}\", token_url: 'TOKENS' }",
        "",
        "GET",
    ),
];

/// What the other side does with a call.
const ANSWERS: [&str; 8] = [
    "401",
    "400",
    "500",
    "sign-in",
    "elsewhere",
    "cut",
    "nonsense",
    "records",
];

/// Somebody who says back everything that is sent, in the way the path asks for.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || answer(connection));
        }
    });
    url
}

fn answer(mut connection: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let target = head.split(' ').nth(1)?.to_owned();
    let said = format!("{head}\n{}", String::from_utf8_lossy(&body));
    let said = format!("{}\n{said}", unpacked(&said));
    let header = said.replace(['\r', '\n'], " ");
    let path = target.split('?').next()?.trim_start_matches('/').to_owned();
    let (status, fields, text) = match path.as_str() {
        "401" | "500" => (path.as_str(), format!("www-authenticate: Bearer error=\"{header}\"\r\nx-said: {header}\r\n"), said),
        "tokens/400" => ("400", String::new(), serde_json::json!({ "error": "invalid_client", "error_description": said }).to_string()),
        "tokens/plain" => ("403", String::new(), said),
        "tokens/200" => (
            "200",
            String::new(),
            serde_json::json!({ "access_token": ACCESS, "refresh_token": REFRESH, "token_type": "bearer", "expires_in": 60 }).to_string(),
        ),
        "sign-in" => ("200", "content-type: text/html\r\n".to_owned(), format!("<html>{said}</html>")),
        "elsewhere" => ("302", format!("location: http://127.0.0.2:9/taken?by={}\r\n", target.replace('?', "&")), said),
        "nonsense" => ("200", "content-type: application/json\r\n".to_owned(), format!("{{\"{}\": 1, {said}", header.replace('"', "'"))),
        "cut" => (
            "200",
            "content-type: application/json\r\n".to_owned(),
            format!("{{\"results\":[{{\"said\":{}", serde_json::Value::from(said)),
        ),
        "records" => ("200", "content-type: application/json\r\n".to_owned(), "{\"results\":[{\"_id\":\"1\"}]}".to_owned()),
        _ => ("400", String::new(), said),
    };
    let length = text.len() + if path == "cut" { 100 } else { 0 };
    let answer = format!(
        "HTTP/1.1 {status} Said\r\nconnection: close\r\n{fields}content-length: {length}\r\n\r\n{text}"
    );
    connection.write_all(answer.as_bytes()).ok()
}

/// What a server may write that logs whom it refused: every secret that it was sent, in every form.
fn unpacked(said: &str) -> String {
    let basic = said.lines().find_map(|line| line.split("Basic ").nth(1));
    let basic = basic.and_then(|text| STANDARD.decode(text.trim()).ok());
    let basic = String::from_utf8(basic.unwrap_or_default()).unwrap_or_default();
    let known = [KEY, PASSWORD, TOKEN, CLIENT, BODY, ACCESS, REFRESH].map(|secret| forms("", secret));
    let is_in = |form: &[u8]| {
        let form = String::from_utf8_lossy(form);
        said.contains(form.as_ref()) || basic.contains(form.as_ref())
    };
    let sent = known
        .iter()
        .filter(|forms| forms.iter().any(|(_, form)| is_in(form)));
    sent.flatten()
        .map(|(_, form)| String::from_utf8_lossy(form) + " ")
        .collect()
}

/// A directory that refuses everybody, and says the password it was given back.
fn echoing_directory() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut request = [0; 2048];
            let read = connection.read(&mut request).unwrap_or_default();
            let said = format!("refused: {}", String::from_utf8_lossy(&request[..read]));
            let said: String = said.chars().filter(|c| !c.is_control()).take(100).collect();
            // BindResponse (RFC 4511, section 4.2.2): invalidCredentials, no DN, what is said.
            let mut result = vec![10, 1, 49, 4, 0, 4, u8::try_from(said.len()).unwrap()];
            result.extend(said.as_bytes());
            let mut message = vec![2, 1, 1, 0x61, 0x81, u8::try_from(result.len()).unwrap()];
            message.extend(result);
            let mut answer = vec![0x30, 0x81, u8::try_from(message.len()).unwrap()];
            answer.extend(message);
            let _ = connection.write_all(&answer);
        }
    });
    url
}

fn text(authorization: &str, method: &str, url: &str, fields: &str, directory: &str) -> String {
    format!(
        "
kind: application
name: crew
private_addresses: allowed
limits: {{ retries: 0 }}
authorization: {authorization}
endpoints: [{{ name: users, method: {method}, url: '{url}', records: '$.results[*]'{fields} }}]
---
kind: data_source
name: people
application: crew
endpoints: [{{ endpoint: users, primary_key: _id }}]
attributes: {{ employeeID: _id }}
---
kind: directory
name: corp
{directory}
base: DC=corp,DC=example
---
kind: automation
name: corp-from-crew
source: people
directory: corp
correlate: [employeeID]
rules: {{ mover: [{{ modify_attributes: all }}] }}
"
    )
}

async fn plant(engine: &Engine) {
    for (name, value) in [
        ("key", KEY),
        ("password", PASSWORD),
        ("token", TOKEN),
        ("client", CLIENT),
        ("body", BODY),
        ("bind", BIND),
    ] {
        let sealed = engine
            .vault()
            .seal(name, &tenure_core::secret::Secret::new(value.to_owned()))
            .unwrap();
        engine
            .vault()
            .save(&[sealed], "2026-01-05T08:00:00Z".parse().unwrap())
            .await
            .unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn what_was_planted_is_nowhere_to_be_read(#[values(On::Sqlite, On::Postgres)] on: On) {
    let logs = Logs::gather();
    // Files of some systems know whole seconds only.
    let began = SystemTime::now() - Duration::from_secs(1);
    let folder = tempfile::tempdir().unwrap();
    let engine = open(
        &fresh(on, folder.path()),
        folder.path(),
        "2026-01-05T08:00:00Z".parse().unwrap(),
    )
    .await;
    plant(&engine).await;
    let url = echo();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let local = "type: local".to_owned();
    let mut all = Vec::new();
    for (authorization, fields, method) in CARRIED {
        let places = ANSWERS.map(|answer| format!("{url}/{answer}"));
        for place in places.iter().chain([&format!("{closed}/refused")]) {
            for (tokens, whither) in [
                ("tokens/200", "header"),
                ("tokens/400", "body"),
                ("tokens/plain", "header"),
            ] {
                if tokens != "tokens/200" && !authorization.contains("oauth2") {
                    continue;
                }
                let authorization = authorization
                    .replace("TOKENS", &format!("{url}/{tokens}"))
                    .replace("WHERE", whither);
                all.push(text(&authorization, method, place, fields, &local));
            }
        }
    }
    let bind = |address: &str| {
        format!(
            "type: ldap\nurl: {address}\nencryption: none\nbind: {{ user: 'cn=tenure', password: \"{{{{ secret('bind') }}}}\" }}"
        )
    };
    for address in [echoing_directory(), closed.replace("http", "ldap")] {
        all.push(text(
            "{ type: none }",
            "GET",
            &format!("{url}/records"),
            "",
            &bind(&address),
        ));
    }

    let mut said = String::new();
    let (mut failed, mut held) = (0, 0);
    for text in &all {
        let documents = documents(text);
        writeln!(said, "{documents:?} {:?}", documents.to_json()).unwrap();
        match engine.fetch(&documents, "people", Arc::new(Unwatched)).await {
            Ok(report) => writeln!(said, "{report:?}").unwrap(),
            Err(error) => writeln!(said, "{error} {error:?}").unwrap(),
        }
        match engine.plan(&documents, "corp-from-crew", &unwatched()).await {
            Ok(run) => {
                held += 1;
                writeln!(said, "{run:?}").unwrap();
            }
            Err(error) => {
                failed += 1;
                writeln!(said, "{error} {error:?}").unwrap();
            }
        }
        writeln!(said, "{:?}", engine.applications(&documents).await.unwrap()).unwrap();
    }
    for run in engine.store().runs(None, 1000).await.unwrap() {
        writeln!(said, "{run:?}").unwrap();
    }
    assert!(failed > 40 && held >= 5, "{failed} failed, {held} did not");
    assert!(said.contains("www") || said.contains("401"), "{said}");

    let mut secrets = Vec::new();
    for (name, secret) in [
        ("the key", KEY),
        ("the password", PASSWORD),
        ("the token", TOKEN),
        ("the client's secret", CLIENT),
        ("the secret in a body", BODY),
        ("the password of the bind", BIND),
        ("the access token", ACCESS),
        ("the refresh token", REFRESH),
    ] {
        secrets.extend(forms(name, secret));
    }
    let basic = [("ada", PASSWORD), ("tenure", CLIENT)];
    for (user, password) in basic {
        let encoded = STANDARD.encode(format!("{user}:{password}"));
        secrets.push((format!("what {user} sends"), encoded.into_bytes()));
    }
    let database = match on {
        On::Sqlite => folder.path().to_owned(),
        On::Postgres => tenure_lab::Postgres::shared().unwrap().socket_folder(),
    };
    let disk = contents(&database, began);
    assert!(contains(&disk, b"corp-from-crew"));
    let logs = logs.text();
    assert!(logs.contains("TRACE") && logs.contains("127.0.0.1"));
    for (place, text) in [
        ("what is shown", said.as_bytes()),
        ("the logs", logs.as_bytes()),
        ("the database", disk.as_slice()),
    ] {
        let mut there = found(text, &secrets);
        there.sort_unstable();
        there.dedup();
        let excerpt = there.first().map(|name| {
            let wanted = &secrets.iter().find(|(other, _)| other == name).unwrap().1;
            let at = text
                .windows(wanted.len())
                .position(|bytes| bytes == wanted)
                .unwrap_or_default();
            String::from_utf8_lossy(&text[at.saturating_sub(300)..(at + 200).min(text.len())]).into_owned()
        });
        assert_eq!(there, [""; 0], "in {place}: {excerpt:?}");
    }
}
