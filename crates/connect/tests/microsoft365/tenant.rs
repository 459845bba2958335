//! A tenant in the simulated Graph with a directory made from a document, and writes that the tests share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tenure_connect::directory::Microsoft365;
use tenure_connect::directory::microsoft365::Settings;
use tenure_connect::http::{
    HttpBody, HttpClient, HttpOptions, HttpRequest, Method, PrivateAddresses, Repeatable,
};
use tenure_connect::source::Environment;
use tenure_core::account::{Access, Account};
use tenure_core::action::{Action, AttributeChange, AttributeValues};
use tenure_core::attribute::Dictionary;
use tenure_core::cloud::CloudAction;
use tenure_core::compile::lookups;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::document::{Documents, load};
use tenure_core::microsoft365::account_dn;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::password::PasswordRule;
use tenure_core::seams::{
    AccountRef, Applied, Attempt, Completeness, Directory as _, SecretError, Secrets, Write,
};
use tenure_core::secret::Secret;
use tenure_sim::{Graph, GraphOptions, Population};

pub const PASSWORD: &str = "Correct-Horse-9";
const SECRET: &str = "planted-7c1e05";

/// A vault in memory.
#[derive(Default)]
pub struct Vault(Mutex<HashMap<String, Secret>>);

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let kept = self.0.lock().unwrap().get(name).cloned();
        kept.ok_or_else(|| SecretError::Missing {
            name: name.to_owned(),
        })
    }

    async fn put(&self, name: &str, secret: Secret) -> Result<(), SecretError> {
        self.0.lock().unwrap().insert(name.to_owned(), secret);
        Ok(())
    }
}

pub struct Tenant {
    pub sim: Graph,
    pub directory: Microsoft365,
}

pub fn options(people: usize) -> GraphOptions {
    GraphOptions::new(
        Population::generate(people, 1),
        "northwind.test",
        "tenure",
        SECRET,
    )
}

/// So many people, and a directory with these further lines in its document.
pub async fn tenant(people: usize, document: &str) -> Tenant {
    of(options(people), document).await
}

pub async fn of(options: GraphOptions, document: &str) -> Tenant {
    let sim = Graph::start(options).await.unwrap();
    let directory = directory(&sim.url(), document);
    Tenant { sim, directory }
}

pub fn directory(url: &str, document: &str) -> Microsoft365 {
    let secret = "client_secret: \"{{ secret('entra') }}\"";
    signing_in(url, secret, &[("entra", SECRET)], document)
}

/// A directory whose authorization says this beside the client, with these secrets.
pub fn signing_in(url: &str, authorization: &str, secrets: &[(&str, &str)], document: &str) -> Microsoft365 {
    let text = format!(
        "kind: directory\nname: cloud\ntype: microsoft365\ntenant: northwind.test\nauthorization: {{ client_id: \
         tenure, {authorization} }}\naddresses: {{ login: {url}, graph: {url}, exchange: {url} }}\n\
         private_addresses: allowed\n{document}\n"
    );
    let documents = documents(&text);
    let mut settings = Settings::new(documents.directory("cloud").unwrap()).unwrap();
    settings.look_again = vec![Duration::from_millis(1)];
    let vault = Vault::default();
    for (name, secret) in secrets {
        let secret = Secret::new((*secret).to_owned());
        vault.0.lock().unwrap().insert((*name).to_owned(), secret);
    }
    let vault: Arc<dyn Secrets> = Arc::new(vault);
    let environment = Environment {
        variables: tenure_connect::source::Variables::default(),
        manners: tenure_connect::http::Manners::default(),
        folder: ".".into(),
        lookups: lookups(&documents),
        now: Arc::new(Timestamp::now),
    };
    Microsoft365::with_settings(settings, &vault, &environment).unwrap()
}

fn documents(text: &str) -> Documents {
    let (documents, problems) = load(&[("cloud.yaml".to_owned(), text.to_owned())]);
    assert!(problems.is_empty(), "{problems:?}");
    documents
}

impl Tenant {
    /// One of the people there from the start.
    pub fn person(&self, number: u32) -> AccountRef {
        let (id, email) = self.sim.population(|people| {
            let person = people.person(number).unwrap();
            (person.object_id(), person.email())
        });
        AccountRef {
            id: tenure_core::account::AccountId::new(&id),
            dn: account_dn(&email),
        }
    }

    pub async fn read(&self, names: &[&str]) -> (Arc<Dictionary>, Vec<Account>) {
        let dictionary = Arc::new(Dictionary::new(names.iter().map(|name| (*name).into())));
        let mut accounts: Vec<Account> = Vec::new();
        let all = self.directory.read(&dictionary, &mut accounts).await.unwrap();
        let count = accounts.len() as u64;
        assert_eq!(all, Completeness::Complete { count });
        (dictionary, accounts)
    }

    /// The values that an account has of an attribute now.
    pub async fn values(&self, id: &str, name: &str) -> Vec<String> {
        let (dictionary, accounts) = self.read(&[name]).await;
        let account = accounts.iter().find(|account| account.id.as_str() == id).unwrap();
        let index = dictionary.index(name).unwrap();
        account.attributes.get(index).map(str::to_owned).collect()
    }

    pub async fn apply(&self, write: Write) -> Applied {
        let mut applied = self.directory.apply(vec![write]).await;
        assert_eq!(applied.len(), 1);
        applied.remove(0)
    }

    /// Carries out a write that goes well.
    pub async fn done(&self, write: Write) -> AccountRef {
        let applied = self.apply(write).await;
        assert_eq!(applied.outcome, Outcome::Verified);
        applied.account.unwrap()
    }

    /// Carries out a write that is refused.
    pub async fn refused(&self, write: Write) -> Refusal {
        match self.apply(write).await.outcome {
            Outcome::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    /// Carries out a write that fails for the moment.
    pub async fn failed(&self, write: Write) -> Refusal {
        match self.apply(write).await.outcome {
            Outcome::Failed(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

impl Tenant {
    async fn call(&self, method: Method, path: &str, body: Option<&serde_json::Value>) -> serde_json::Value {
        let client = HttpClient::new(HttpOptions {
            private_addresses: PrivateAddresses::Allowed,
            ..HttpOptions::default()
        })
        .unwrap();
        let send =
            async |url: String, method: Method, kind: &str, body: Option<String>, token: Option<&str>| {
                let mut request = HttpRequest::new(method, url, Repeatable::No);
                let content_type = kind.to_owned();
                request.body = body.map(|text| HttpBody {
                    content_type,
                    text: text.into(),
                });
                let token = token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}").into()));
                request.headers.extend(token);
                let answer = client.send(&request).await.unwrap();
                serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap_or_default()
            };
        let form = format!(
            "grant_type=client_credentials&client_id=tenure&client_secret={SECRET}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        );
        let url = format!("{}/northwind.test/oauth2/v2.0/token", self.sim.url());
        let kind = "application/x-www-form-urlencoded";
        let token = send(url, Method::POST, kind, Some(form), None).await;
        let url = format!("{}/v1.0{path}", self.sim.url());
        let body = body.map(ToString::to_string);
        send(
            url,
            method,
            "application/json",
            body,
            token["access_token"].as_str(),
        )
        .await
    }

    /// What Graph shows, asked by somebody else.
    pub async fn get(&self, path: &str) -> serde_json::Value {
        self.call(Method::GET, path, None).await
    }

    /// Something that somebody else makes.
    pub async fn post(&self, path: &str, body: &serde_json::Value) -> serde_json::Value {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Something that somebody else changes.
    pub async fn patch(&self, path: &str, body: &serde_json::Value) {
        self.call(Method::PATCH, path, Some(body)).await;
    }

    /// Something that somebody else deletes.
    pub async fn delete(&self, path: &str) {
        self.call(Method::DELETE, path, None).await;
    }
}

pub fn values(values: &[(&str, &str)]) -> Vec<AttributeValues> {
    let one = |(name, value): &(&str, &str)| AttributeValues {
        name: (*name).into(),
        values: vec![(*value).to_owned()],
    };
    values.iter().map(one).collect()
}

/// A user who is to be, with these values beside a name.
pub fn user(login: &str, more: &[(&str, &str)]) -> Write {
    let principal = format!("{login}@northwind.test");
    let mut attributes = values(&[("userPrincipalName", &principal), ("displayName", login)]);
    attributes.extend(values(more));
    Write {
        target: None,
        action: Action::CreateAccount {
            dn: account_dn(&principal),
            attributes,
            password: Some(PasswordRule {
                must_change: true,
                ..PasswordRule::default()
            }),
            access: Access::Enabled,
        },
        password: Some(Secret::new(PASSWORD.to_owned())),
        attempt: Attempt::First,
    }
}

pub fn write(account: &AccountRef, action: Action) -> Write {
    Write {
        target: Some(account.clone()),
        action,
        password: None,
        attempt: Attempt::First,
    }
}

pub fn again(write: Write) -> Write {
    Write {
        attempt: Attempt::Again,
        ..write
    }
}

pub fn beside(account: &AccountRef, action: DirectoryAction) -> Write {
    write(account, Action::Directory(action))
}

pub fn cloud(account: &AccountRef, action: CloudAction) -> Write {
    write(account, Action::Cloud(action))
}

pub fn modify(account: &AccountRef, changes: &[(&str, &[&str], &[&str])]) -> Write {
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let changes = changes
        .iter()
        .map(|(name, before, after)| AttributeChange {
            name: (*name).into(),
            before: texts(before),
            after: texts(after),
        })
        .collect();
    write(account, Action::ModifyAttributes { changes })
}

pub fn join(account: &AccountRef, group: &str) -> Write {
    let group = Dn::parse(group).unwrap();
    write(account, Action::AddToGroups { group })
}

pub fn leave(account: &AccountRef, group: &str) -> Write {
    let group = Dn::parse(group).unwrap();
    write(account, Action::RemoveFromGroups { group })
}
