//! A vault in memory that several keepers of tokens share, as processes share a database.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenure_core::seams::{SecretError, Secrets, Turn};
use tenure_core::secret::Secret;
use tokio::sync::OwnedMutexGuard;

#[derive(Default)]
pub(super) struct Vault {
    secrets: Mutex<BTreeMap<String, String>>,
    turns: Arc<tokio::sync::Mutex<()>>,
    taken: AtomicUsize,
}

impl Vault {
    pub(super) fn new<const N: usize>(secrets: [(&str, &str); N]) -> Self {
        let secrets = secrets.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Self {
            secrets: Mutex::new(secrets.into()),
            ..Self::default()
        }
    }

    /// How many turns were given.
    pub(super) fn turns(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// What is kept of the application's authorization.
    pub(super) fn kept(&self) -> serde_json::Value {
        let secrets = self.secrets.lock().unwrap();
        let kept = secrets.get("authorization/crew");
        kept.map_or(serde_json::Value::Null, |text| {
            serde_json::from_str(text).unwrap()
        })
    }
}

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let found = self.secrets.lock().unwrap().get(name).cloned();
        found.map(Secret::new).ok_or_else(|| SecretError::Missing {
            name: name.to_owned(),
        })
    }

    async fn put(&self, name: &str, secret: Secret) -> Result<(), SecretError> {
        let mut secrets = self.secrets.lock().unwrap();
        secrets.insert(name.to_owned(), secret.expose().to_owned());
        Ok(())
    }

    async fn turn(&self, _: &str) -> Result<Box<dyn Turn>, SecretError> {
        let turn = HeldTurn(Arc::clone(&self.turns).lock_owned().await);
        self.taken.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(turn))
    }
}

struct HeldTurn(OwnedMutexGuard<()>);

#[async_trait]
impl Turn for HeldTurn {
    async fn end(self: Box<Self>) {
        drop(self.0);
    }
}
