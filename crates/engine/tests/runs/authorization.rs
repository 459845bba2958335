//! Applications that somebody has to agree to, against a real OAuth 2.0 server: runs are held while nobody has, or
//! while what was agreed to is no longer good, and go on afterwards.

use rstest::rstest;
use tenure_connect::authorization::{Answer, State};
use tenure_core::document::Documents;
use tenure_core::plan::{FindingKind, HoldKind};
use tenure_engine::{Engine, EngineError, Release};
use tenure_lab::{Browser, LabError, OidcProvider, ReservedPort};
use tenure_store::{Run, RunState};

use crate::company::{On, applying, documents, fresh, open, unwatched};

const DOCUMENTS: &str = "
kind: application
name: crew
private_addresses: allowed
limits: { retries: 0 }
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: PROVIDER/auth
  token_url: PROVIDER/token
  redirect_url: REDIRECT
  client_id: people
  client_secret: \"{{ secret('people') }}\"
  scope: [people]
endpoints: [{ name: users, url: 'PROVIDER/api/users', records: '$.results[*]' }]
---
kind: data_source
name: people
application: crew
endpoints: [{ endpoint: users, primary_key: _id }]
attributes: { employeeID: _id, mail: email }
---
kind: directory
name: corp
type: local
base: DC=corp,DC=example
---
kind: template
name: staff
container: OU=Staff,DC=corp,DC=example
rdn: \"{{ mail }}\"
unique: { sAMAccountName: \"crew-{{ employeeID }}\" }
---
kind: automation
name: corp-from-crew
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner: [{ create_account: { template: staff } }]
  leaver: [{ disable: {} }]
";

struct World {
    provider: OidcProvider,
    redirect: String,
    engine: Engine,
    documents: Documents,
    url: String,
    folder: tempfile::TempDir,
    _port: ReservedPort,
}

impl World {
    /// None where Node.js is not installed: nothing can be shown there.
    async fn start(on: On) -> Option<Self> {
        let port = ReservedPort::reserve().unwrap();
        let redirect = format!("http://127.0.0.1:{}/callback", port.number());
        let provider = match OidcProvider::start(&redirect) {
            Ok(provider) => provider,
            Err(LabError::Missing { program, .. }) if matches!(program.as_str(), "node" | "npm") => {
                eprintln!("SKIPPED: `{program}` is not installed, which oidc-provider needs");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let folder = tempfile::tempdir().unwrap();
        let url = fresh(on, folder.path());
        let engine = open(&url, folder.path(), "2026-01-05T08:00:00Z".parse().unwrap()).await;
        let text = DOCUMENTS
            .replace("PROVIDER", &provider.url())
            .replace("REDIRECT", &redirect);
        let world = Self {
            provider,
            redirect,
            engine,
            documents: documents(&text),
            url,
            folder,
            _port: port,
        };
        let secret = tenure_core::secret::Secret::new(OidcProvider::PEOPLE_SECRET.to_owned());
        let sealed = world.engine.vault().seal("people", &secret).unwrap();
        let at = "2026-01-05T08:00:00Z".parse().unwrap();
        world.engine.vault().save(&[sealed], at).await.unwrap();
        Some(world)
    }

    async fn plan(&self) -> Run {
        self.engine
            .plan(&self.documents, "corp-from-crew", &unwatched())
            .await
            .unwrap()
    }

    /// Makes a run, which is held until somebody agrees, and gives the reason.
    async fn held(&self) -> String {
        let run = self.plan().await;
        assert_eq!((run.state, &run.plan_digest), (RunState::Held, &None), "{run:?}");
        let [hold] = run.held.as_slice() else {
            panic!("there is one reason: {run:?}")
        };
        assert_eq!(hold.kind, HoldKind::Authorization);
        assert!(hold.hint.contains("tenure authorize crew"), "{hold:?}");
        let findings = self.engine.store().findings(run.id, None, 10).await.unwrap();
        assert_eq!((findings.len(), findings[0].kind), (1, FindingKind::Notice));
        // Nobody can let it go on by hand.
        let released = self
            .engine
            .apply(&self.documents, run.id, &applying(Release::Release))
            .await;
        assert!(matches!(released, Err(EngineError::State { .. })), "{released:?}");
        hold.text.clone()
    }

    /// What another process sees in the store.
    async fn state(&self) -> State {
        let now = "2026-01-05T09:00:00Z".parse().unwrap();
        let another = open(&self.url, self.folder.path(), now).await;
        let reports = another.applications(&self.documents).await.unwrap();
        reports.into_iter().next().unwrap().state.unwrap()
    }

    /// Lets somebody sign in and agree.
    async fn agree(&self) {
        let tokens = self.engine.tokens(&self.documents, "crew").unwrap();
        let authorizing = tokens.begin().await.unwrap();
        let browser = Browser::new().unwrap();
        let end = browser.sign_in(authorizing.url(), &self.redirect).await.unwrap();
        authorizing.finish(&Answer::read(&end)).await.unwrap();
        let authorized = self.state().await;
        assert!(
            matches!(authorized, State::Authorized { until: Some(_) }),
            "{authorized:?}"
        );
    }

    async fn lab(&self, method: &str, what: &str) -> String {
        let url = format!("{}/_lab/{what}", self.provider.url());
        Browser::new().unwrap().ask(method, &url).await.unwrap()
    }
}

#[rstest]
#[tokio::test]
async fn runs_are_held_until_somebody_agrees_and_go_on_by_themselves(
    #[values(On::Sqlite, On::Postgres)] on: On,
) {
    let Some(world) = World::start(on).await else {
        return;
    };
    assert!(world.held().await.ends_with("nobody has agreed yet"));
    let since = Some("2026-01-05T08:00:00Z".parse().unwrap());
    assert!(
        matches!(world.state().await, State::NeedsAuthorization { since: noticed, .. } if noticed == since)
    );

    world.agree().await;
    let planned = world.plan().await;
    assert_eq!(
        (planned.state, planned.counts.creates),
        (RunState::Planned, 2),
        "{planned:?}"
    );
    let applied = world
        .engine
        .apply(&world.documents, planned.id, &applying(Release::Keep))
        .await
        .unwrap();
    assert_eq!((applied.state, applied.applied.creates), (RunState::Done, 2));

    for what in ["revoke", "expire"] {
        // The token is refused in the middle of the fetch, and cannot be renewed.
        world.lab("POST", "revoke?kind=AccessToken").await;
        world.lab("POST", &format!("{what}?kind=RefreshToken")).await;
        let why = world.held().await;
        assert!(
            why.contains("it needs authorization: ") && why.contains("invalid_grant"),
            "{why}"
        );
        let state = world.state().await;
        assert!(
            matches!(&state, State::NeedsAuthorization { since: noticed, why } if *noticed == since && why.contains("invalid_grant")),
            "{state:?}"
        );
        // It is remembered: the application is not asked again.
        let asked = world.lab("GET", "token-requests").await;
        world.held().await;
        assert_eq!(world.lab("GET", "token-requests").await, asked);
        // Nobody is taken as gone meanwhile.
        let known = world.engine.store().known_records("people").await.unwrap();
        assert!(known.len() == 2 && known.iter().all(|record| !record.gone));

        world.agree().await;
        let again = world.plan().await;
        assert_eq!(
            (again.state, again.summary.fetched),
            (RunState::Done, 2),
            "{again:?}"
        );
    }
}
