//! Trying a webhook on chosen accounts, outside of any run: the request as it is sent and the answer as it comes.

use std::sync::Arc;

use tenure_connect::webhook::{Call, ShownRequest};
use tenure_core::account::Account;
use tenure_core::action::AttributeValues;
use tenure_core::attribute::{AttributeName, Dictionary};
use tenure_core::compile::compile_source;
use tenure_core::dn::Dn;
use tenure_core::document::{Automation, Documents, Kind, Step, StepList};
use tenure_core::link::Link;
use tenure_core::profile::PersonKey;
use tenure_core::seams::{AccountRef, AccountSink, Attempt, Completeness, Subject};

use crate::engine::Engine;
use crate::error::EngineError;

/// Attributes by which people call an account.
const CALLED_BY: [&str; 9] = [
    "employeeID",
    "employeeNumber",
    "mail",
    "userPrincipalName",
    "sAMAccountName",
    "uid",
    "cn",
    "displayName",
    "name",
];
/// Accounts that are named when several fit.
const NAMED: usize = 5;

/// Whether a webhook is called when it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookTry {
    /// The request is shown, and nothing is called.
    ShowOnly,
    /// The call is made.
    Call,
}

/// A webhook tried on one account.
#[derive(Debug)]
pub struct WebhookTest {
    /// What was asked for.
    pub asked: String,
    /// The account, when there is exactly one that fits; or why there is none.
    pub account: Result<AccountRef, String>,
    /// Whose account it is, when that is known.
    pub person: Option<PersonKey>,
    /// The request as it would be sent, or why there is none; for an account that was found.
    pub shown: Option<Result<ShownRequest, String>>,
    /// The call, when it was made.
    pub call: Option<Call>,
}

impl WebhookTest {
    /// Whether all went well.
    pub fn is_success(&self) -> bool {
        match (&self.call, &self.shown) {
            (Some(call), _) => call.outcome.is_success(),
            (None, shown) => matches!(shown, Some(Ok(_))),
        }
    }
}

impl Engine {
    /// Tries a webhook on accounts of a directory, one after the other. An account is named by its DN, its id, its
    /// person's key, or the value of an attribute (`mail=ada@example.com`, or only the value for those that people
    /// call accounts by).
    ///
    /// Without a directory it is the one of the automations that call the webhook, or the only one there is.
    pub async fn test_webhook(
        &self,
        documents: &Documents,
        (application, webhook): (&str, &str),
        directory: Option<&str>,
        accounts: &[String],
        how: WebhookTry,
    ) -> Result<Vec<WebhookTest>, EngineError> {
        let application = documents
            .application(application)
            .ok_or_else(|| EngineError::no_document(documents, Kind::Application, application))?;
        let described = application.webhook(webhook).ok_or_else(|| {
            let known: Vec<_> = application
                .webhooks
                .iter()
                .map(|one| format!("`{}`", one.name))
                .collect();
            EngineError::Asked {
                said: format!(
                    "the application `{}` has no webhook `{webhook}`",
                    application.name
                ),
                hint: match known.as_slice() {
                    [] => "it has none yet; add `webhooks` to its document".to_owned(),
                    known => format!("its webhooks are: {}", known.join(", ")),
                },
            }
        })?;
        let caller = self.connections.caller(documents, application, self.clock)?;
        let directory = match directory {
            Some(name) => name.to_owned(),
            None => directory_of(documents, &|step| {
                let call = step.call_webhook.as_ref();
                call.is_some_and(|call| call.application == application.name && call.webhook == webhook)
            })?,
        };
        let wanted = described.attributes();
        let found = self.find(documents, &directory, &wanted, accounts).await?;
        let mut tests = Vec::with_capacity(accounts.len());
        for (asked, found) in accounts.iter().zip(found) {
            let asked = asked.clone();
            let subject = match found {
                Ok(subject) => subject,
                Err(why) => {
                    tests.push(WebhookTest {
                        asked,
                        account: Err(why),
                        person: None,
                        shown: None,
                        call: None,
                    });
                    continue;
                }
            };
            // Each try is an operation of its own.
            let key = uuid::Builder::from_random_bytes(random()?)
                .into_uuid()
                .to_string();
            let (shown, call) = match how {
                WebhookTry::ShowOnly => {
                    let shown = caller.show(webhook, &subject.subject, &key).await;
                    (
                        shown.map_err(|error| with_hint(error.to_string(), &error.hint)),
                        None,
                    )
                }
                WebhookTry::Call => {
                    let call = caller.call(webhook, &subject.subject, &key, Attempt::First).await;
                    let shown = call.request.clone().ok_or_else(String::new);
                    (shown, Some(call))
                }
            };
            tests.push(WebhookTest {
                asked,
                account: Ok(subject.account),
                person: subject.person,
                shown: Some(shown),
                call,
            });
        }
        caller.settled().await;
        Ok(tests)
    }

    /// Finds each account: where it is by its DN or id, all others by reading the directory once.
    pub(crate) async fn find(
        &self,
        documents: &Documents,
        directory: &str,
        wanted: &[AttributeName],
        asked: &[String],
    ) -> Result<Vec<Result<Found, String>>, EngineError> {
        let mut dictionary = Dictionary::default();
        let by_name = asked.iter().filter_map(|asked| asked.split_once('='));
        let by_name = by_name.map(|(name, _)| AttributeName::new(name.trim()));
        let called_by = CALLED_BY.map(AttributeName::new);
        for name in wanted.iter().cloned().chain(called_by).chain(by_name) {
            dictionary.add(name);
        }
        let dictionary = Arc::new(dictionary);
        let mut links: Vec<Known<'_>> = Vec::new();
        for source in documents.names(Kind::DataSource) {
            let of = |link| Known { source, link };
            links.extend(self.store.links(source, directory).await?.into_iter().map(of));
        }
        let mut here: Vec<Option<Account>> = Vec::with_capacity(asked.len());
        for asked in asked {
            let place = self.place(directory, asked, &links).await?;
            here.push(match place {
                Some(place) => {
                    self.look_at(documents, directory, &place, asked, &dictionary)
                        .await?
                }
                None => None,
            });
        }
        // Whatever is called otherwise can be anywhere.
        let mut fitting = Fitting {
            asked: asked
                .iter()
                .zip(&here)
                .filter(|(_, here)| here.is_none())
                .map(|(asked, _)| asked.as_str())
                .collect(),
            dictionary: &dictionary,
            links: &links,
            accounts: Vec::new(),
        };
        let completeness = if fitting.asked.is_empty() {
            Completeness::Complete { count: 0 }
        } else {
            let connection = self
                .connections
                .directory(documents, directory, self.clock)
                .await?;
            connection.read(&dictionary, &mut fitting).await?
        };
        let accounts = fitting.accounts;
        let find = |(asked, here): (&String, &Option<Account>)| {
            if let Some(account) = here {
                return Ok(found(account, wanted, &dictionary, &links));
            }
            let fits: Vec<&Account> = accounts
                .iter()
                .filter(|account| fits(account, asked, &dictionary, &links))
                .collect();
            match fits.as_slice() {
                [account] => Ok(found(account, wanted, &dictionary, &links)),
                [] => Err(match &completeness {
                    Completeness::Complete { .. } => format!(
                        "no account in `{directory}` has this as its DN, id, person's key or name; write for example \
                         `mail=ada@example.com`"
                    ),
                    Completeness::Incomplete { why, .. } => {
                        format!("not found in what could be read of `{directory}`: {why}")
                    }
                }),
                several => {
                    let names: Vec<_> = several
                        .iter()
                        .take(NAMED)
                        .map(|account| account.dn.to_string())
                        .collect();
                    let more = several.len().saturating_sub(NAMED);
                    let more = if more > 0 {
                        format!(" and {more} more")
                    } else {
                        String::new()
                    };
                    Err(format!(
                        "{} accounts fit; name one by its DN: {}{more}",
                        several.len(),
                        names.join("; ")
                    ))
                }
            }
        };
        let mut all: Vec<_> = asked.iter().zip(&here).map(find).collect();
        for found in all.iter_mut().flatten() {
            self.complete(documents, found, wanted).await?;
        }
        Ok(all)
    }

    /// Where the account is that is called by its DN, or was when it was linked and is called by its id.
    async fn place(
        &self,
        directory: &str,
        asked: &str,
        links: &[Known<'_>],
    ) -> Result<Option<Dn>, EngineError> {
        let asked = asked.trim();
        let by_id = |known: &&Known<'_>| known.link.account.as_str().eq_ignore_ascii_case(asked);
        let Some(known) = links.iter().find(by_id) else {
            return Ok(Dn::parse(asked).ok());
        };
        let stored = self.store.links_of(&known.link.key).await?;
        let stored = stored.into_iter().find(|(source, of, stored)| {
            source == known.source && of == directory && stored.link.account == known.link.account
        });
        Ok(stored.map(|(_, _, stored)| stored.dn))
    }

    /// The account at one place of a directory, when it is the one that was asked for. What cannot be read there is
    /// none: reading the whole directory tells why.
    async fn look_at(
        &self,
        documents: &Documents,
        directory: &str,
        place: &Dn,
        asked: &str,
        dictionary: &Arc<Dictionary>,
    ) -> Result<Option<Account>, EngineError> {
        let connection = self
            .connections
            .directory_at(documents, directory, place, self.clock);
        let Some(connection) = connection.await? else {
            return Ok(None);
        };
        let mut accounts: Vec<Account> = Vec::new();
        if connection.read(dictionary, &mut accounts).await.is_err() {
            return Ok(None);
        }
        let is_it = |account: &Account| is_called(account, asked.trim());
        Ok(accounts.into_iter().find(is_it))
    }

    /// Adds what the account lacks and the webhook names, from the person's record as it was last fetched.
    async fn complete(
        &self,
        documents: &Documents,
        found: &mut Found,
        wanted: &[AttributeName],
    ) -> Result<(), EngineError> {
        let (Some(source), Some(key)) = (&found.source, &found.person) else {
            return Ok(());
        };
        let has = |name: &&AttributeName| found.subject.attributes.iter().any(|had| had.name == **name);
        let lacking: Vec<&AttributeName> = wanted.iter().filter(|name| !has(name)).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let record = self.store.record(source, key).await?;
        let Some(record) = record.filter(|record| record.gone_at.is_none()) else {
            return Ok(());
        };
        let reading = compile_source(documents, source)?;
        let remembered = (0, record.key.clone(), record.hash, record.columns.as_str());
        // What is wrong with the record is told by plans; here the account has to do.
        let mut findings = Vec::new();
        let profiles = reading.map_again(std::iter::once(remembered), self.clock.now(), &mut findings);
        let Some((_, profile)) = profiles.first() else {
            return Ok(());
        };
        for name in lacking {
            let Some(index) = reading.dictionary.index(name.as_str()) else {
                continue;
            };
            let values: Vec<String> = profile.attributes.get(index).map(str::to_owned).collect();
            if !values.is_empty() {
                let name = name.clone();
                found.subject.attributes.push(AttributeValues { name, values });
            }
        }
        Ok(())
    }
}

/// A link with the data source of its person.
struct Known<'d> {
    source: &'d str,
    link: Link,
}

/// Keeps those accounts of a directory that are called as was asked.
struct Fitting<'a> {
    asked: Vec<&'a str>,
    dictionary: &'a Dictionary,
    links: &'a [Known<'a>],
    accounts: Vec<Account>,
}

impl AccountSink for Fitting<'_> {
    fn account(&mut self, account: Account) {
        let fits = |asked: &&str| fits(&account, asked, self.dictionary, self.links);
        if self.asked.iter().any(fits) {
            self.accounts.push(account);
        }
    }

    fn start_over(&mut self) {
        self.accounts.clear();
    }
}

/// An account that was found.
pub(crate) struct Found {
    pub(crate) account: AccountRef,
    pub(crate) person: Option<PersonKey>,
    /// The person's data source.
    source: Option<String>,
    pub(crate) subject: Subject,
}

/// Whether this is the account's id or DN.
fn is_called(account: &Account, asked: &str) -> bool {
    account.id.as_str().eq_ignore_ascii_case(asked) || Dn::parse(asked).is_ok_and(|dn| dn == account.dn)
}

fn fits(account: &Account, asked: &str, dictionary: &Dictionary, links: &[Known<'_>]) -> bool {
    let asked = asked.trim();
    let has = |name: &str, value: &str| {
        let index = dictionary.index(name);
        index.is_some_and(|index| {
            account
                .attributes
                .get(index)
                .any(|one| one.eq_ignore_ascii_case(value))
        })
    };
    is_called(account, asked)
        || asked
            .split_once('=')
            .is_some_and(|(name, value)| has(name.trim(), value.trim()))
        || links
            .iter()
            .any(|known| known.link.key.as_str() == asked && known.link.account == account.id)
        || CALLED_BY.iter().any(|name| has(name, asked))
}

fn found(account: &Account, wanted: &[AttributeName], dictionary: &Dictionary, links: &[Known<'_>]) -> Found {
    let known = links.iter().find(|known| known.link.account == account.id);
    let link = known.map(|known| &known.link);
    let attributes = wanted.iter().filter_map(|name| {
        let values: Vec<String> = account
            .attributes
            .get(dictionary.index(name.as_str())?)
            .map(str::to_owned)
            .collect();
        (!values.is_empty()).then(|| AttributeValues {
            name: name.clone(),
            values,
        })
    });
    let name = dictionary
        .index("displayName")
        .and_then(|index| account.attributes.first(index));
    let reference = AccountRef {
        id: account.id.clone(),
        dn: account.dn.clone(),
    };
    let person = link.map(|link| link.key.clone());
    let subject = Subject {
        person: person.clone(),
        name: name.map_or_else(|| account.dn.rdn_value(), str::to_owned),
        account: Some(reference.clone()),
        attributes: attributes.collect(),
        captured: link
            .and_then(|link| link.memory.as_ref())
            .map(|memory| memory.captured.clone())
            .unwrap_or_default(),
        run: None,
    };
    Found {
        account: reference,
        person,
        source: known.map(|known| known.source.to_owned()),
        subject,
    }
}

/// The directory whose accounts a step like this is about.
pub(crate) fn directory_of(documents: &Documents, is: &dyn Fn(&Step) -> bool) -> Result<String, EngineError> {
    let calls = |list: Option<&StepList>| {
        let steps = match list {
            None => return false,
            Some(StepList::Steps(steps)) => steps,
            Some(StepList::Policy(used)) => match documents.policy(&used.policy) {
                Some(policy) => &policy.steps,
                None => return false,
            },
        };
        steps.iter().any(is)
    };
    let uses = |automation: &Automation| {
        let rules = &automation.rules;
        [&rules.joiner, &rules.mover, &rules.leaver, &rules.rehire]
            .into_iter()
            .any(|list| calls(list.as_ref()))
    };
    let automations = documents
        .names(Kind::Automation)
        .filter_map(|name| documents.automation(name));
    let mut names: Vec<&str> = automations
        .filter(|automation| uses(automation))
        .map(|automation| automation.directory.as_str())
        .collect();
    if names.is_empty() {
        names = documents.names(Kind::Directory).collect();
    }
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(EngineError::Asked {
            said: "there is no directory to find accounts in".to_owned(),
            hint: "write a document with `kind: directory`".to_owned(),
        }),
        several => Err(EngineError::Asked {
            said: "it is not clear in which directory the accounts are".to_owned(),
            hint: format!("say which: `--directory {}`", several.join("` or `--directory ")),
        }),
    }
}

pub(crate) fn with_hint(said: String, hint: &str) -> String {
    if hint.is_empty() {
        said
    } else {
        format!("{said}; {hint}")
    }
}

pub(crate) fn random() -> Result<[u8; 16], EngineError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| EngineError::Broken(error.to_string()))?;
    Ok(bytes)
}
