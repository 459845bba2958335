//! Settings and writes that the tests share.

use std::io::Read as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use tenure_connect::directory::{ActiveDirectory, ActiveDirectoryRules, DirectorySettings};
use tenure_connect::ldap::{Credentials, LdapSettings, ServerUrl, Trust};
use tenure_core::account::{Access, Account};
use tenure_core::action::{Action, AttributeChange, AttributeValues, Below};
use tenure_core::attribute::Dictionary;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::password::PasswordRule;
use tenure_core::seams::{AccountRef, Applied, Attempt, Completeness, Directory, Write};
use tenure_core::secret::Secret;
use tenure_lab::SambaDc;
use tokio::sync::Notify;

pub fn ldap(url: &str, name: &str, password: &str, ca: Option<&Path>) -> LdapSettings {
    LdapSettings {
        credentials: Some(Credentials {
            name: name.to_owned(),
            password: Secret::new(password.to_owned()),
        }),
        trust: ca.map_or(Trust::System, |path| Trust::File(path.to_owned())),
        ..LdapSettings::new(ServerUrl::parse(url).unwrap())
    }
}

pub fn samba_ldap(dc: &SambaDc) -> LdapSettings {
    ldap(
        &dc.ldaps_url(),
        dc.admin_user(),
        dc.admin_password(),
        Some(dc.ca_pem_path()),
    )
}

pub fn samba(dc: &SambaDc) -> ActiveDirectory {
    let base = Dn::from_server(dc.base_dn());
    let settings = DirectorySettings {
        ldap: samba_ldap(dc),
        base,
        user_filter: None,
    };
    ActiveDirectory::new(settings, ActiveDirectoryRules::default()).unwrap()
}

pub fn dictionary(names: &[&str]) -> Arc<Dictionary> {
    Arc::new(Dictionary::new(names.iter().map(|name| (*name).into())))
}

pub async fn read(directory: &impl Directory, names: &[&str]) -> Vec<Account> {
    let mut accounts = Vec::new();
    let all = directory.read(&dictionary(names), &mut accounts).await.unwrap();
    assert_eq!(
        all,
        Completeness::Complete {
            count: accounts.len() as u64
        }
    );
    accounts
}

pub fn values(pairs: &[(&str, &str)]) -> Vec<AttributeValues> {
    let one = |(name, value): &(&str, &str)| AttributeValues {
        name: (*name).into(),
        values: vec![(*value).to_owned()],
    };
    pairs.iter().map(one).collect()
}

pub fn create(dn: &str, attributes: &[(&str, &str)], password: Option<&str>, access: Access) -> Write {
    Write {
        target: None,
        action: Action::CreateAccount {
            dn: Dn::from_server(dn),
            attributes: values(attributes),
            password: password.map(|_| PasswordRule::default()),
            access,
        },
        password: password.map(|text| Secret::new(text.to_owned())),
        attempt: Attempt::First,
    }
}

pub fn again(write: &Write) -> Write {
    Write {
        attempt: Attempt::Again,
        ..write.clone()
    }
}

pub fn on(account: &AccountRef, action: Action) -> Write {
    Write {
        target: Some(account.clone()),
        action,
        password: None,
        attempt: Attempt::First,
    }
}

pub fn change(name: &str, before: &[&str], after: &[&str]) -> Action {
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    Action::ModifyAttributes {
        changes: vec![AttributeChange {
            name: name.into(),
            before: texts(before),
            after: texts(after),
        }],
    }
}

pub fn move_to(account: &AccountRef, to: &str) -> Action {
    Action::Move {
        from: account.dn.clone(),
        to: Dn::from_server(to),
    }
}

pub fn delete(account: &AccountRef) -> Action {
    Action::Delete {
        dn: account.dn.clone(),
        stored: Vec::new(),
        below: Below::default(),
    }
}

pub async fn apply_one(directory: &impl Directory, write: Write) -> Applied {
    let mut applied = directory.apply(vec![write]).await;
    assert_eq!(applied.len(), 1);
    applied.remove(0)
}

/// Carries out one write, which has to be verified, and returns the account as it is called then.
pub async fn done(directory: &impl Directory, write: Write) -> AccountRef {
    let applied = apply_one(directory, write.clone()).await;
    assert_eq!(applied.outcome, Outcome::Verified, "{write:?}");
    applied.account.unwrap()
}

pub fn refused(applied: &Applied) -> String {
    match &applied.outcome {
        Outcome::Refused(refusal) => refusal.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

/// A way to a server that lets so many bytes of its answers through, and then none.
pub struct Bottleneck {
    pub url: ServerUrl,
    full: Arc<Notify>,
}

impl Bottleneck {
    /// Stands at the server's own address, so that its certificate is for both.
    pub fn before(server: &ServerUrl, bytes: usize) -> Self {
        let listener = TcpListener::bind((server.host.as_str(), 0)).unwrap();
        let url = ServerUrl {
            port: listener.local_addr().unwrap().port(),
            ..server.clone()
        };
        let full = Arc::new(Notify::new());
        let (inner, filled) = ((server.host.clone(), server.port), Arc::clone(&full));
        std::thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let server = TcpStream::connect(inner).unwrap();
            let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
            let _ = std::io::copy(&mut (&server).take(bytes as u64), &mut &client);
            filled.notify_one();
            let _ = std::io::copy(&mut &server, &mut std::io::sink());
            let _ = client.shutdown(Shutdown::Both);
        });
        Self { url, full }
    }

    /// Waits until nothing more comes through.
    pub async fn full(&self) {
        self.full.notified().await;
    }
}
