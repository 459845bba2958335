//! Signing in to a directory as many people, by our own LDAP client since it opens a connection quickest.

use tenure_connect::ldap::{Connection, Credentials, LdapSettings};
use tenure_core::secret::Secret;
use tokio::task::JoinSet;

use crate::home::wait_for;

/// Sign-ins that go on at the same time.
const AT_ONCE: usize = 6;

/// Those of these names and passwords that cannot sign in, each with what the server says.
pub fn refused(settings: &LdapSettings, people: &[(String, String)]) -> Vec<String> {
    wait_for(async {
        let mut all = JoinSet::new();
        for share in people.chunks(people.len().div_ceil(AT_ONCE).max(1)) {
            let (settings, share) = (settings.clone(), share.to_vec());
            all.spawn(async move {
                let mut refused = Vec::new();
                for (name, password) in share {
                    let credentials = Some(Credentials {
                        name: name.clone(),
                        password: Secret::new(password),
                    });
                    let own = LdapSettings {
                        credentials,
                        ..settings.clone()
                    };
                    match Connection::open(&own).await {
                        Ok(connection) => connection.close().await,
                        Err(error) => refused.push(format!("{name}: {error}")),
                    }
                }
                refused
            });
        }
        all.join_all().await.into_iter().flatten().collect()
    })
}
