//! The connection itself: encryption, limits, servers that misbehave.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use tenure_connect::ldap::{
    Connection, Encryption, Filter, LdapError, LdapSettings, Operation, Pool, RawEntry, Request, ResultCode,
    Scope, Search, ServerUrl, StartTls,
};
use tenure_lab::{Slapd, SlapdOptions, Tls};

use crate::accounts::ldap;

fn slapd_with_tls() -> Slapd {
    Slapd::start(&SlapdOptions {
        tls: Tls::On,
        ..SlapdOptions::default()
    })
    .unwrap()
}

#[tokio::test]
async fn both_ways_of_encrypting_work_and_neither_believes_a_stranger() {
    let slapd = slapd_with_tls();
    let base = Search::object(slapd.base_dn(), vec!["dc".to_owned()]);
    for (url, start_tls) in [
        (slapd.ldap_url(), StartTls::Required),
        (slapd.ldaps_url().unwrap(), StartTls::No),
    ] {
        let believed = ldap(&url, slapd.root_dn(), slapd.root_password(), slapd.ca_pem_path());
        let believed = LdapSettings {
            start_tls,
            ..believed
        };
        let mut connection = Connection::open(&believed).await.unwrap();
        assert_eq!(connection.encryption(), Encryption::Tls);
        let reply = connection.ask(base.clone().into()).await.unwrap();
        assert_eq!(reply.entries[0].text("dc"), Some("lab"));
        connection.close().await;
        let stranger = LdapSettings {
            trust: tenure_connect::ldap::Trust::System,
            ..believed
        };
        assert!(matches!(
            Connection::open(&stranger).await,
            Err(LdapError::Tls { .. })
        ));
    }
}

#[tokio::test]
async fn start_tls_is_not_gone_without() {
    let slapd = Slapd::start(&SlapdOptions::default()).unwrap();
    let settings = ldap(&slapd.ldap_url(), slapd.root_dn(), slapd.root_password(), None);
    let settings = LdapSettings {
        start_tls: StartTls::Required,
        ..settings
    };
    assert!(matches!(
        Connection::open(&settings).await,
        Err(LdapError::Tls { .. })
    ));
}

#[tokio::test]
async fn a_plain_connection_leaves_this_machine_only_when_allowed() {
    let settings = LdapSettings::new(ServerUrl::parse("ldap://directory.example.com").unwrap());
    let error = Connection::open(&settings).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the connection to ldap://directory.example.com:389 would not be encrypted"
    );
}

#[tokio::test]
async fn many_requests_are_answered_in_their_order() {
    let slapd = Slapd::start(&SlapdOptions::default()).unwrap();
    let settings = ldap(&slapd.ldap_url(), slapd.root_dn(), slapd.root_password(), None);
    let mut connection = Connection::open(&settings).await.unwrap();
    let ask = |at: u32| -> Request {
        let dn = if at.is_multiple_of(3) {
            format!("cn={at}")
        } else {
            "dc=lab,dc=test".to_owned()
        };
        Search::object(&dn, vec!["dc".to_owned()]).into()
    };
    let replies = connection.exchange((0..1000).map(ask).collect()).await;
    for (at, reply) in replies.into_iter().enumerate() {
        let reply = reply.unwrap();
        let code = if at % 3 == 0 {
            ResultCode::NO_SUCH_OBJECT
        } else {
            ResultCode::SUCCESS
        };
        assert_eq!(
            (reply.result.code, reply.entries.len()),
            (code, usize::from(at % 3 != 0))
        );
    }
}

#[tokio::test]
async fn a_pool_replaces_connections_that_broke_while_they_were_at_rest() {
    let mut slapd = Slapd::start(&SlapdOptions::default()).unwrap();
    let settings = ldap(&slapd.ldap_url(), slapd.root_dn(), slapd.root_password(), None);
    let time_out = Duration::from_millis(200);
    let pool = Pool::new(LdapSettings {
        connections: 1,
        time_out,
        ..settings
    })
    .unwrap();
    let ask = || Search::object("dc=lab,dc=test", vec!["dc".to_owned()]).into();
    let mut lease = pool.get().await.unwrap();
    assert!(
        matches!(pool.get().await, Err(LdapError::TimedOut { .. })),
        "there is one only"
    );
    lease.ask(ask()).await.unwrap();
    drop(lease);
    slapd.restart().unwrap();
    assert_eq!(
        pool.get().await.unwrap().ask(ask()).await.unwrap().entries.len(),
        1
    );
}

/// A server that answers the first request with these bytes, and hangs up or falls silent.
fn server(answer: &'static [u8], then_hang_up: bool) -> LdapSettings {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1000]);
        let _ = stream.write_all(answer);
        while !then_hang_up && stream.read(&mut [0; 1000]).is_ok_and(|count| count > 0) {}
    });
    let settings = LdapSettings::new(ServerUrl::parse(&format!("ldap://127.0.0.1:{port}")).unwrap());
    LdapSettings {
        time_out: Duration::from_millis(300),
        ..settings
    }
}

async fn what_comes_of(settings: &LdapSettings) -> String {
    let mut connection = Connection::open(settings).await.unwrap();
    let replies = connection
        .exchange(vec![Operation::Delete { dn: "a=b".into() }.into(); 2])
        .await;
    let said: Vec<String> = replies
        .into_iter()
        .map(|reply| reply.unwrap_err().to_string())
        .collect();
    assert_eq!(said[0], said[1]);
    assert!(!connection.is_open());
    let search = Search {
        base: String::new(),
        scope: Scope::Base,
        filter: Filter::everything(),
        attributes: vec![],
    };
    assert!(connection.search(search, 0, |_| Ok(())).await.is_err());
    said[0]
        .split_once(|c: char| c.is_ascii_digit())
        .unwrap()
        .1
        .split_once(' ')
        .unwrap()
        .1
        .to_owned()
}

#[tokio::test]
async fn servers_that_misbehave_are_errors() {
    let notice =
        b"\x30\x2b\x02\x01\x00\x78\x26\x0a\x01\x34\x04\x00\x04\x07so\x0along\x8a\x161.3.6.1.4.1.1466.20036";
    insta::assert_snapshot!(what_comes_of(&server(notice, false)).await, @"was lost: the server ended it (result code 52), saying: solong");
    insta::assert_snapshot!(what_comes_of(&server(b"", true)).await, @"was lost: the server closed it");
    insta::assert_snapshot!(what_comes_of(&server(b"", false)).await, @"did not answer within 300ms");
    insta::assert_snapshot!(what_comes_of(&server(b"HTTP/1.1 400 Bad Request\r\n\r\n", false)).await, @"sent an answer that is not understood: an element with tag 0x48 where 0x30 has to be");
    insta::assert_snapshot!(what_comes_of(&server(b"\x30\x84\x7f\xff\xff\xff", false)).await, @"sent an answer that is not understood: an answer of 2147483653 bytes, more than the 268435456 that are accepted");
    insta::assert_snapshot!(what_comes_of(&server(b"\x30\x0c\x02\x01\x63\x6b\x07\x0a\x01\x00\x04\x00\x04\x00", false)).await, @"sent an answer that is not understood: an answer that belongs to no request");
}

/// A server that answers one request after the other with these bytes.
fn script(answers: &'static [&'static [u8]]) -> LdapSettings {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for answer in answers {
            let _ = stream.read(&mut [0; 1000]);
            let _ = stream.write_all(answer);
        }
    });
    LdapSettings::new(ServerUrl::parse(&format!("ldap://127.0.0.1:{port}")).unwrap())
}

#[tokio::test]
async fn a_server_that_knows_no_pages_is_asked_without() {
    // The control is refused; then an entry, a reference to another server, and the end.
    let settings = script(&[
        b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x0c\x04\x00\x04\x00",
        b"\x30\x0d\x02\x01\x02\x64\x08\x04\x04cn=a\x30\x00\
          \x30\x0b\x02\x01\x02\x73\x06\x04\x04ldap\
          \x30\x0c\x02\x01\x02\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
    ]);
    let mut connection = Connection::open(&settings).await.unwrap();
    let search = Search {
        base: String::new(),
        scope: Scope::Subtree,
        filter: Filter::everything(),
        attributes: vec![],
    };
    let mut names = Vec::new();
    let take = |entry: RawEntry<'_>| {
        names.push(entry.dn().into_owned());
        Ok(())
    };
    let end = connection.search(search, 10, take).await.unwrap();
    assert_eq!((end.code, names), (ResultCode::SUCCESS, vec!["cn=a".to_owned()]));
}
