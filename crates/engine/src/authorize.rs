//! How applications let requests in: which there are, what they need, and asking for it.

use std::sync::Arc;

use tenure_connect::authorization::{State, Tokens};
use tenure_core::document::{AuthorizationKind, Document, Documents, Grant, Kind};

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

/// An application, with what is known of its authorization without calling it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationReport {
    /// Its name.
    pub application: String,
    /// What its requests carry.
    pub kind: AuthorizationKind,
    /// How its tokens are come by; none when it does not use OAuth 2.0.
    pub grant: Option<Grant>,
    /// Whether its requests are let in; none when that is not known before one is made.
    pub state: Option<State>,
}

impl ApplicationReport {
    /// How its requests are let in, in words.
    pub fn way(&self) -> &'static str {
        match (self.kind, self.grant) {
            (AuthorizationKind::None, _) => "no authorization",
            (AuthorizationKind::ApiKey, _) => "API key",
            (AuthorizationKind::Basic, _) => "user and password",
            (AuthorizationKind::Bearer, _) => "bearer token",
            (AuthorizationKind::Oauth2, Some(Grant::ClientCredentials)) => "OAuth 2.0, client credentials",
            (AuthorizationKind::Oauth2, _) => "OAuth 2.0, somebody agrees",
        }
    }
}

impl Engine {
    /// Every application that uses OAuth 2.0, with what the vault knows of it. Nothing is called.
    pub async fn authorizations(
        &self,
        documents: &Documents,
    ) -> Result<Vec<AuthorizationReport>, EngineError> {
        let all = self.applications(documents).await?;
        let report = |report: ApplicationReport| {
            Some(AuthorizationReport {
                application: report.application,
                state: report.state?,
            })
        };
        Ok(all.into_iter().filter_map(report).collect())
    }

    /// Every application, with what the vault knows of it. Nothing is called.
    pub async fn applications(&self, documents: &Documents) -> Result<Vec<ApplicationReport>, EngineError> {
        let mut reports = Vec::new();
        for document in documents.iter() {
            let Document::Application(application) = document else {
                continue;
            };
            let tokens = self.connections.tokens(documents, application, self.clock)?;
            let state = match &tokens {
                Some(tokens) => Some(tokens.state().await?),
                None => None,
            };
            reports.push(ApplicationReport {
                application: application.name.clone(),
                kind: application.authorization.kind,
                grant: tokens.map(|tokens| tokens.grant()),
                state,
            });
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
    use tenure_core::plan::HoldKind;
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
    async fn a_run_that_needs_authorization_is_held_before_anything_is_planned_and_says_what_to_do() {
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
            fetch: tenure_core::fetching::Wish::default(),
            started_by: "a test".to_owned(),
            watch: Arc::new(Unwatched),
        };
        let run = engine.plan(&documents, "corp-from-crew", &options).await.unwrap();
        let [hold] = run.held.as_slice() else {
            panic!("there is one reason: {run:?}")
        };
        assert_eq!(
            (hold.kind, hold.text.as_str(), hold.hint.as_str()),
            (
                HoldKind::Authorization,
                "authorizing the application `crew`: it needs authorization: nobody has agreed yet",
                "run `tenure authorize crew`; the next run goes on by itself"
            )
        );
        let runs = engine.store().runs(None, 10).await.unwrap();
        assert_eq!(
            (
                runs.as_slice(),
                run.state,
                run.summary.plan.changes,
                &run.plan_digest
            ),
            ([run.clone()].as_slice(), RunState::Held, 0, &None)
        );

        let reports = engine.authorizations(&documents).await.unwrap();
        let [AuthorizationReport { application, state }] = reports.as_slice() else {
            panic!("one application uses OAuth 2.0: {reports:?}")
        };
        assert_eq!(application, "crew");
        let since = Some(Timestamp::UNIX_EPOCH);
        assert!(matches!(state, State::NeedsAuthorization { since: noticed, .. } if *noticed == since));
        let all = engine.applications(&documents).await.unwrap();
        let kinds: Vec<_> = all
            .iter()
            .map(|report| (report.application.as_str(), report.kind, report.grant))
            .collect();
        let grant = Some(Grant::AuthorizationCode);
        assert_eq!(
            kinds,
            [
                ("crew", AuthorizationKind::Oauth2, grant),
                ("keyed", AuthorizationKind::Bearer, None)
            ]
        );
        let error = engine.tokens(&documents, "keyed").unwrap_err().to_string();
        assert!(
            error.contains("`keyed`, authorization.type: is not `oauth2`"),
            "{error}"
        );
    }
}
