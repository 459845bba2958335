//! Authorizations that were begun and wait for a browser to come back. Each can be answered once, by the browser that
//! began it, for ten minutes. They are in memory only: whoever began before a restart begins again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenure_connect::authorization::{Answer, Authorizing};
use tenure_core::secret::Secret;
use tokio::time::Instant;

/// How long somebody has for signing in and agreeing.
const LIFE: Duration = Duration::from_mins(10);
/// How long it is remembered that there was one, to tell an answer that is late or comes twice from a foreign one.
const MEMORY: Duration = Duration::from_hours(1);
/// The most that wait, or are remembered.
const MOST: usize = 256;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Vec<Begun>>);

/// One of them.
#[derive(Debug)]
struct Begun {
    authorizing: Arc<Authorizing>,
    application: String,
    /// What the browser that began it shows as a cookie.
    browser: Secret,
    at: Instant,
    answered: bool,
}

impl Begun {
    fn is_over(&self, now: Instant) -> bool {
        self.answered || now.duration_since(self.at) >= LIFE
    }
}

/// An answer that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    /// It is none to anything that was begun here.
    Unknown,
    /// Another browser began it.
    OtherBrowser,
    /// It comes a second time.
    Again {
        /// For which application.
        application: String,
    },
    /// It comes too late.
    Late {
        /// For which application.
        application: String,
    },
}

impl Waiting {
    /// Remembers one that was begun by this browser; the cookie for that browser, or none when too many wait.
    pub(crate) fn add(
        &self,
        application: &str,
        authorizing: Authorizing,
        browser: Option<&str>,
        now: Instant,
    ) -> Option<Secret> {
        let mut all = self.all();
        all.retain(|begun| now.duration_since(begun.at) < MEMORY);
        if all.len() >= MOST {
            let over = all.iter().position(|begun| begun.is_over(now))?;
            all.remove(over);
        }
        // A browser may begin several; a cookie that was not made here is none.
        let known = |begun: &&Begun| browser.is_some_and(|browser| begun.browser.is(browser));
        let browser = match all.iter().find(known) {
            Some(begun) => begun.browser.clone(),
            None => random()?,
        };
        all.push(Begun {
            authorizing: Arc::new(authorizing),
            application: application.to_owned(),
            browser: browser.clone(),
            at: now,
            answered: false,
        });
        Some(browser)
    }

    /// The application and the request that this browser's answer belongs to, for the first and last time.
    pub(crate) fn take(
        &self,
        answer: &Answer,
        browser: Option<&str>,
        now: Instant,
    ) -> Result<(String, Arc<Authorizing>), Turned> {
        let mut all = self.all();
        let begun = all
            .iter_mut()
            .find(|begun| begun.authorizing.is_answered_by(answer))
            .ok_or(Turned::Unknown)?;
        if !browser.is_some_and(|browser| begun.browser.is(browser)) {
            return Err(Turned::OtherBrowser);
        }
        let application = begun.application.clone();
        if begun.answered {
            return Err(Turned::Again { application });
        }
        if begun.is_over(now) {
            return Err(Turned::Late { application });
        }
        begun.answered = true;
        Ok((application, Arc::clone(&begun.authorizing)))
    }

    fn all(&self) -> MutexGuard<'_, Vec<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 32 random bytes; none when the system has none.
fn random() -> Option<Secret> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(Secret::new(hex::encode(bytes)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tenure_connect::authorization::Tokens;
    use tenure_core::document::load;
    use tenure_engine::{Clock, Engine};
    use tenure_store::{Store, Vault, VaultKey};
    use url::Url;

    use super::*;

    const DOCUMENT: &str = "
kind: application
name: crm
authorization:
  type: oauth2
  grant: authorization_code
  authorization_url: https://crm.example.com/agree
  token_url: https://crm.example.com/token
  client_id: tenure
endpoints: [{ name: users, url: 'https://crm.example.com/users' }]
";

    async fn tokens() -> (tempfile::TempDir, Arc<Tokens>) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("t.db").to_str().unwrap())
            .await
            .unwrap();
        let key = VaultKey::from_text(&"07".repeat(32)).unwrap();
        let vault = Arc::new(Vault::open(&store, &key).await.unwrap());
        let engine = Engine::new(store, vault, PathBuf::from("."), Clock::System);
        let (documents, problems) = load(&[("crm.yaml".to_owned(), DOCUMENT.to_owned())]);
        assert!(problems.is_empty(), "{problems:?}");
        (folder, engine.tokens(&documents, "crm").unwrap())
    }

    async fn begin(tokens: &Arc<Tokens>) -> (Authorizing, Answer) {
        let callback = Url::parse("http://127.0.0.1:8430/oauth/callback").unwrap();
        let authorizing = tokens.begin_for(callback.clone()).await.unwrap();
        let pairs = authorizing.url().query_pairs();
        let state = pairs.into_owned().find(|(name, _)| name == "state").unwrap();
        let answer =
            Url::parse_with_params(callback.as_str(), [("code", "c"), ("state", state.1.as_str())]).unwrap();
        (authorizing, Answer::read(&answer))
    }

    #[tokio::test]
    async fn an_answer_is_taken_once_in_time_and_from_the_browser_that_began() {
        let (_folder, tokens) = tokens().await;
        let waiting = Waiting::default();
        let (start, nothing) = (Instant::now(), Answer::default());
        let (authorizing, answer) = begin(&tokens).await;
        let browser = waiting.add("crm", authorizing, Some("invented"), start).unwrap();
        let browser = Some(browser.expose());
        assert_ne!(browser, Some("invented"));
        let turned = |answer: &Answer, browser, at| waiting.take(answer, browser, at).unwrap_err();
        let application = || "crm".to_owned();
        assert_eq!(turned(&nothing, browser, start), Turned::Unknown);
        assert_eq!(turned(&answer, None, start), Turned::OtherBrowser);
        assert_eq!(turned(&answer, Some("invented"), start), Turned::OtherBrowser);
        let late = start + LIFE;
        let expected = Turned::Late {
            application: application(),
        };
        assert_eq!(turned(&answer, browser, late), expected);
        let last = late.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(waiting.take(&answer, browser, last).unwrap().0, "crm");
        let expected = Turned::Again {
            application: application(),
        };
        assert_eq!(turned(&answer, browser, last), expected);
        // The same browser begins again.
        let (authorizing, second) = begin(&tokens).await;
        let same = waiting.add("crm", authorizing, browser, late).unwrap();
        assert_eq!(Some(same.expose()), browser);
        assert!(waiting.take(&second, browser, late).is_ok());
        // After an hour nothing is known of the first one.
        let (authorizing, _) = begin(&tokens).await;
        waiting.add("crm", authorizing, browser, start + MEMORY).unwrap();
        assert_eq!(turned(&answer, browser, start + MEMORY), Turned::Unknown);
    }

    #[tokio::test]
    async fn too_many_wait_until_some_are_over() {
        let (_folder, tokens) = tokens().await;
        let waiting = Waiting::default();
        let start = Instant::now();
        let add = async |at| {
            let (authorizing, _) = begin(&tokens).await;
            waiting.add("crm", authorizing, None, at)
        };
        for _ in 0..MOST {
            assert!(add(start).await.is_some());
        }
        assert!(add(start).await.is_none());
        assert!(add(start + LIFE).await.is_some());
        assert_eq!(waiting.all().len(), MOST);
    }
}
