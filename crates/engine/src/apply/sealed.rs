//! What is kept sealed in the vault while a plan is carried out: passwords that are set, and copies of accounts that are
//! deleted.

use tenure_core::action::{Action, ActionKind};
use tenure_core::directory_action::DirectoryAction;
use tenure_core::seams::{AccountRef, Attempt, DirectoryError, SecretError, Secrets as _, Write};
use tenure_core::secret::Secret;
use tenure_store::Sealed;

use super::Applying;
use crate::error::EngineError;
use crate::track::Track;

/// What a person is called by, so that the password has no part of it.
const NAMES: [&str; 7] = [
    "cn",
    "displayName",
    "givenName",
    "sn",
    "sAMAccountName",
    "uid",
    "mail",
];

/// The name under which the vault keeps the first password of a person's account.
pub fn password_name(directory: &str, person: &str) -> String {
    format!("password/{directory}/{person}")
}

/// The name under which the vault keeps the copy of a deleted account.
fn copy_name(directory: &str, account: &str) -> String {
    format!("deleted/{directory}/{account}")
}

impl Applying<'_> {
    /// Adds copies of the accounts that are about to be deleted to what is kept sealed. What is gone already was copied
    /// before.
    pub(super) async fn keep_copies(
        &self,
        writes: &[Write],
        secrets: &mut Vec<Sealed>,
    ) -> Result<Result<(), DirectoryError>, EngineError> {
        let deleted: Vec<AccountRef> = writes
            .iter()
            .filter(|write| write.action.kind() == ActionKind::Delete)
            .filter_map(|write| write.target.clone())
            .collect();
        if deleted.is_empty() {
            return Ok(Ok(()));
        }
        let copies = match self.directory.copies(&deleted).await {
            Ok(copies) => copies,
            Err(error) => return Ok(Err(error)),
        };
        for copy in copies.into_iter().flatten() {
            let text =
                serde_json::to_string(&copy).map_err(|error| EngineError::Broken(error.to_string()))?;
            let name = copy_name(self.directory_name, copy.id.as_str());
            secrets.push(self.engine.vault.seal(&name, &Secret::new(text))?);
        }
        Ok(Ok(()))
    }

    /// A restoration with the copy that was kept when the account was deleted, if there is one.
    pub(super) async fn restoring(&self, track: &Track) -> Result<Action, EngineError> {
        let name = track
            .account
            .as_ref()
            .map(|account| copy_name(self.directory_name, account.id.as_str()))
            .unwrap_or_default();
        let stored = match self.engine.vault.get(&name).await {
            Ok(text) => serde_json::from_str(text.expose()).ok(),
            Err(SecretError::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Action::Directory(DirectoryAction::Restore { stored }))
    }

    /// The password of an account about to be created or given another: a new one, kept sealed before it leaves, or
    /// the one that was kept before a crash.
    pub(super) async fn password(
        &mut self,
        track: &Track,
        action: &Action,
        secrets: &mut Vec<Sealed>,
    ) -> Result<Option<Secret>, EngineError> {
        let (rule, attributes) = match action {
            Action::CreateAccount {
                password: Some(rule),
                attributes,
                ..
            } => (rule, attributes.as_slice()),
            Action::Directory(DirectoryAction::ResetPassword { rule }) => (rule, &[][..]),
            _ => return Ok(None),
        };
        let name = password_name(self.directory_name, track.change.person.as_str());
        if track.attempt == Attempt::Again {
            match self.engine.vault.get(&name).await {
                Ok(password) => return Ok(Some(password)),
                // Somebody took it out of the vault since an earlier run. The account gets another one.
                Err(SecretError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let called = attributes
            .iter()
            .filter(|attribute| NAMES.iter().any(|name| attribute.name.is(name)))
            .flat_map(|attribute| attribute.values.iter().map(String::as_str));
        let password = rule.generate(called, &mut self.random);
        secrets.push(self.engine.vault.seal(&name, &password)?);
        Ok(Some(password))
    }
}
