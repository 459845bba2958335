//! Applications that somebody has to agree to: which there are, what they need, and asking for it.

use std::sync::Arc;

use tenure_connect::authorization::{State, Tokens};
use tenure_core::document::{Document, Documents, Kind};

use crate::engine::Engine;
use crate::error::EngineError;

/// An application that uses OAuth 2.0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationReport {
    /// Its name.
    pub application: String,
    /// Whether its requests are let in.
    pub state: State,
}

impl Engine {
    /// Every application that uses OAuth 2.0, with what the vault knows of it. Nothing is called.
    pub async fn authorizations(
        &self,
        documents: &Documents,
    ) -> Result<Vec<AuthorizationReport>, EngineError> {
        let mut reports = Vec::new();
        for document in documents.iter() {
            let Document::Application(application) = document else {
                continue;
            };
            if let Some(tokens) = self.connections.tokens(documents, application, self.clock)? {
                reports.push(AuthorizationReport {
                    application: application.name.clone(),
                    state: tokens.state().await?,
                });
            }
        }
        Ok(reports)
    }

    /// The keeper of an application's token.
    ///
    /// # Errors
    /// There is no such application, or it does not use OAuth 2.0.
    pub fn tokens(&self, documents: &Documents, application: &str) -> Result<Arc<Tokens>, EngineError> {
        let found = documents
            .application(application)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Application, application))?;
        let tokens = self.connections.tokens(documents, found, self.clock)?;
        tokens.ok_or_else(|| {
            let why = "is not `oauth2`, so there is nothing to agree to";
            EngineError::settings("application", application, "authorization.type", &why)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jiff::Timestamp;
    use tenure_core::document::load;
    use tenure_store::{RunState, Store, Vault, VaultKey};

    use super::*;
    use crate::{Clock, PlanOptions, Unwatched};

    const DOCUMENTS: &str = "
kind: application
name: crew
private_addresses: allowed
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: http://127.0.0.1:9/agree
  token_url: http://127.0.0.1:9/token
  client_id: tenure
endpoints: [{ name: users, url: 'http://127.0.0.1:9/users' }]
---
kind: application
name: keyed
authorization: { type: bearer, value: \"{{ secret('keyed') }}\" }
endpoints: [{ name: users, url: 'https://keyed.example.com/users' }]
---
kind: data_source
name: people
application: crew
endpoints: [{ endpoint: users, primary_key: id }]
attributes: { employeeID: id }
---
kind: directory
name: corp
type: local
base: DC=corp,DC=example
---
kind: automation
name: corp-from-crew
source: people
directory: corp
correlate: [employeeID]
rules: { mover: [{ modify_attributes: all }] }
";

    #[tokio::test]
    async fn a_run_that_needs_authorization_ends_before_anything_is_planned_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("tenure.db").display().to_string())
            .await
            .unwrap();
        let key = VaultKey::from_text(&"01".repeat(32)).unwrap();
        let vault = Arc::new(Vault::open(&store, &key).await.unwrap());
        let clock = Clock::Fixed(Timestamp::UNIX_EPOCH);
        let engine = Engine::new(store, vault, PathBuf::from(folder.path()), clock);
        let (documents, errors) = load(&[("crew.yaml".to_owned(), DOCUMENTS.to_owned())]);
        assert!(errors.is_empty(), "{errors:?}");

        let options = PlanOptions {
            started_by: "a test".to_owned(),
            watch: Arc::new(Unwatched),
        };
        let error = engine
            .plan(&documents, "corp-from-crew", &options)
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "authorizing the application `crew`: it needs authorization: nobody has agreed yet\n  \
             run `tenure authorize crew`"
        );
        let runs = engine.store().runs(None, 10).await.unwrap();
        let run = runs.first().unwrap();
        assert_eq!(
            (runs.len(), run.state, run.summary.plan.changes),
            (1, RunState::Failed, 0)
        );

        let reports = engine.authorizations(&documents).await.unwrap();
        let [AuthorizationReport { application, state }] = reports.as_slice() else {
            panic!("one application uses OAuth 2.0: {reports:?}")
        };
        assert_eq!(application, "crew");
        assert!(matches!(state, State::NeedsAuthorization { .. }));
        let error = engine.tokens(&documents, "keyed").unwrap_err().to_string();
        assert!(
            error.contains("`keyed`, authorization.type: is not `oauth2`"),
            "{error}"
        );
    }
}
