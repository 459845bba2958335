//! The vault: secrets sealed one by one with XChaCha20-Poly1305, each bound to its name.

use std::time::Duration;

use async_trait::async_trait;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use jiff::Timestamp;
use tenure_core::seams::{SecretError, Secrets, Turn};
use tenure_core::secret::Secret;
use zeroize::Zeroizing;

use crate::bulk::{Bulk, Kind};
use crate::database::Store;
use crate::error::StoreError;
use crate::leases::{Claim, Lease};
use crate::transaction::{Fetched, Transaction, Value, timestamp};
use crate::vault_key::VaultKey;

const NONCE: usize = 24;
/// How often somebody else's turn is looked at, and how many times: longer than a lease is good for.
const TURN_PAUSE: Duration = Duration::from_millis(100);
const TURN_LOOKS: u32 = 900;
/// What the check row holds, and the name that it is bound to, which no secret can have.
const CHECK: &str = "tenure";
const CHECK_NAME: &str = "";

/// A sealed secret, ready to be stored.
#[derive(Clone, Debug)]
pub struct Sealed {
    name: String,
    /// The nonce, and then what is sealed.
    bytes: Vec<u8>,
}

/// A secret as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretEntry {
    /// Its name.
    pub name: String,
    /// When it was set last.
    pub updated_at: Timestamp,
}

/// The open vault of a database. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    store: Store,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

const SAVE: Bulk<2> = Bulk {
    columns: [("name", Kind::Text), ("sealed", Kind::Bytes)],
    sql: "INSERT INTO secrets (name, sealed, updated_at) SELECT name, sealed, $1 FROM new WHERE true \
          ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
};

impl Vault {
    /// Opens the vault. The first key that it is opened with is its key; another one is [`StoreError::WrongKey`],
    /// unless there is no secret to be lost.
    pub async fn open(store: &Store, key: &VaultKey) -> Result<Self, StoreError> {
        let vault = Self {
            store: store.clone(),
            cipher: XChaCha20Poly1305::new(key.bytes().into()),
        };
        let check = vault.seal(CHECK_NAME, &Secret::new(CHECK.to_owned()))?;
        let mut writing = store.write("opening the vault").await?;
        writing
            .execute(
                "INSERT INTO vault_check (id, sealed) VALUES (1, $1) ON CONFLICT DO NOTHING",
                &[check.bytes.as_slice().into()],
            )
            .await?;
        let known: Vec<(Vec<u8>,)> = writing
            .fetch("SELECT sealed FROM vault_check WHERE id = 1", &[])
            .await?;
        let fits = known.first().is_some_and(|(sealed,)| {
            vault
                .unseal(CHECK_NAME, sealed)
                .is_some_and(|text| text.expose() == CHECK)
        });
        if !fits {
            let replaced = writing
                .execute(
                    "UPDATE vault_check SET sealed = $1 WHERE NOT EXISTS (SELECT 1 FROM secrets)",
                    &[check.bytes.as_slice().into()],
                )
                .await?;
            if replaced == 0 {
                return Err(StoreError::WrongKey);
            }
        }
        writing.commit().await?;
        Ok(vault)
    }

    /// Seals a secret under a name, to be stored with a [`Flush`](crate::Flush).
    pub fn seal(&self, name: &str, secret: &Secret) -> Result<Sealed, StoreError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|source| StoreError::Randomness { source })?;
        let payload = Payload {
            msg: secret.expose().as_bytes(),
            aad: name.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreError::Sealed {
                name: name.to_owned(),
            })?;
        Ok(Sealed {
            name: name.to_owned(),
            bytes: [nonce.as_slice(), &sealed].concat(),
        })
    }

    /// The secret with this name, if there is one.
    pub async fn secret(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = self
            .store
            .secrets_where("SELECT sealed FROM secrets WHERE name = $1", &[name.into()])
            .await?;
        match rows.first() {
            None => Ok(None),
            Some((sealed,)) => match self.unseal(name, sealed) {
                Some(secret) => Ok(Some(secret)),
                None => Err(StoreError::Sealed {
                    name: name.to_owned(),
                }),
            },
        }
    }

    /// Sets secrets, replacing those of the same names.
    pub async fn save(&self, secrets: &[Sealed], at: Timestamp) -> Result<(), StoreError> {
        let mut writing = self.store.write("keeping secrets").await?;
        writing.save_secrets(secrets, at).await?;
        writing.commit().await
    }

    fn unseal(&self, name: &str, sealed: &[u8]) -> Option<Secret> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: name.as_bytes(),
        };
        let clear = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        match String::from_utf8(clear) {
            Ok(text) => Some(Secret::new(text)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                None
            }
        }
    }
}

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        match self.secret(name).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(SecretError::Missing {
                name: name.to_owned(),
            }),
            Err(error) => Err(SecretError::Vault {
                why: error.to_string(),
            }),
        }
    }

    /// Keeps the secret as set now, by the system's clock.
    async fn put(&self, name: &str, secret: Secret) -> Result<(), SecretError> {
        let kept = async { self.save(&[self.seal(name, &secret)?], Timestamp::now()).await };
        kept.await.map_err(|error| SecretError::Vault {
            why: error.to_string(),
        })
    }

    /// Turns are leases of the database, so that the holder's end lets the next one go on too.
    async fn turn(&self, name: &str) -> Result<Box<dyn Turn>, SecretError> {
        let vault = |error: StoreError| SecretError::Vault {
            why: error.to_string(),
        };
        let lease = format!("secret/{name}");
        for _ in 0..TURN_LOOKS {
            if let Claim::Held(lease) = self.store.claim(&lease).await.map_err(vault)? {
                return Ok(Box::new(HeldTurn(lease)));
            }
            tokio::time::sleep(TURN_PAUSE).await;
        }
        Err(SecretError::Vault {
            why: format!("`{name}` is being changed by another process, which does not come to an end"),
        })
    }
}

struct HeldTurn(Lease);

#[async_trait]
impl Turn for HeldTurn {
    async fn end(self: Box<Self>) {
        // A lease that cannot be given back runs out.
        if let Err(error) = self.0.release().await {
            tracing::debug!("the turn of a secret cannot be given back: {error}");
        }
    }
}

impl Store {
    /// The names of all secrets with the time they were set, by name. No key is needed.
    pub async fn secrets(&self) -> Result<Vec<SecretEntry>, StoreError> {
        let rows: Vec<(String, i64)> = self
            .secrets_where("SELECT name, updated_at FROM secrets ORDER BY name", &[])
            .await?;
        Ok(rows
            .into_iter()
            .map(|(name, updated_at)| SecretEntry {
                name,
                updated_at: timestamp(updated_at),
            })
            .collect())
    }

    /// Deletes a secret; says whether there was one. No key is needed, so that those of a lost key can go.
    pub async fn delete_secret(&self, name: &str) -> Result<bool, StoreError> {
        let mut writing = self.write("deleting a secret").await?;
        let touched = writing
            .execute("DELETE FROM secrets WHERE name = $1", &[name.into()])
            .await?;
        writing.commit().await?;
        Ok(touched > 0)
    }

    async fn secrets_where<T: Fetched>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        self.read("reading the vault").await?.fetch(sql, values).await
    }
}

impl Transaction {
    /// Inserts or replaces secrets.
    pub(crate) async fn save_secrets(&mut self, secrets: &[Sealed], at: Timestamp) -> Result<(), StoreError> {
        let rows = secrets
            .iter()
            .map(|secret| [secret.name.as_str().into(), secret.bytes.as_slice().into()]);
        self.bulk(&SAVE, &[at.into()], rows).await.map(drop)
    }
}
