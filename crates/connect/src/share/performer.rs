//! Carries out the steps about home folders, by one connection for each share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value as Json;
use tenure_core::action::Action;
use tenure_core::document::{Document, Documents, Share, SharePlace};
use tenure_core::home_folder::{FolderWork, HomeFolder};
use tenure_core::outcome::Outcome;
use tenure_core::seams::{Performer, Secrets, Subject, Task};
use tenure_core::share_path::SharePath;
use tenure_core::sid::Sid;
use tokio::sync::OnceCell;

use super::folders::{Folder, Moved, remembered};
use super::server::{Login, Server};
use super::trouble::ShareError;
use crate::perform::refused;
use crate::source::Environment;
use crate::source::render::connection_text;

/// Folders that are worked on at the same time.
const CONCURRENCY: usize = 4;
/// What a step is given beyond its time, for what has begun to end.
const GRACE: Duration = Duration::from_mins(1);
/// How much of an idempotency key tells one archived folder from another.
const SIGNS: usize = 8;

/// Makes, moves and deletes people's folders on the shares of documents.
pub struct FolderKeeper {
    shares: BTreeMap<String, Share>,
    secrets: Arc<dyn Secrets>,
    environment: Environment,
}

impl fmt::Debug for FolderKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderKeeper").finish_non_exhaustive()
    }
}

/// The connections of one round of steps, each made when it is first needed.
type Servers<'a> = BTreeMap<&'a str, OnceCell<Server>>;

/// What a step came to, and what is remembered of it.
struct Done {
    answer: String,
    captured: BTreeMap<String, Json>,
}

impl Done {
    fn of(answer: String) -> Self {
        Self {
            answer,
            captured: BTreeMap::new(),
        }
    }
}

impl FolderKeeper {
    /// For these documents. Nothing is connected yet.
    pub fn new(documents: &Documents, secrets: Arc<dyn Secrets>, environment: Environment) -> Self {
        let shares = documents.iter().filter_map(|document| match document {
            Document::Share(share) => Some((share.name.clone(), share.clone())),
            _ => None,
        });
        Self {
            shares: shares.collect(),
            secrets,
            environment,
        }
    }

    async fn done(&self, task: &Task, servers: &Servers<'_>) -> Outcome {
        let Action::HomeFolder(folder) = &task.action else {
            return refused("this is no home folder".to_owned(), "");
        };
        if let Some(problem) = &folder.problem {
            let hint = "correct the account's values or the step's paths; the next plan has it again";
            return refused(format!("there is no path: {problem}"), hint);
        }
        let timeout = self.shares.get(&folder.share).map(|share| share.timeout.to_std());
        let timeout = timeout.unwrap_or_default();
        let until = Instant::now() + timeout;
        let work = self.work(folder, task, servers, until);
        match tokio::time::timeout(timeout + GRACE, work).await {
            Ok(Ok(Done { answer, captured })) => Outcome::Answered { answer, captured },
            Ok(Err(error)) => error.outcome(),
            Err(_) => {
                let message = format!("it was not done after {} s", (timeout + GRACE).as_secs());
                ShareError::passing(
                    message,
                    "the next run looks again; give it more with the share's `timeout`",
                )
                .outcome()
            }
        }
    }

    async fn work(
        &self,
        folder: &HomeFolder,
        task: &Task,
        servers: &Servers<'_>,
        until: Instant,
    ) -> Result<Done, ShareError> {
        let share = self.share(&folder.share)?;
        let from = place(share, &folder.path)?;
        let server = self.server(share, servers).await?;
        match &folder.work {
            FolderWork::Create { rights, owner, user } => {
                let user = who(user.as_deref(), &task.subject)?;
                Ok(Done::of(server.create(&from, &user, *rights, *owner).await?))
            }
            FolderWork::Move { share: other, to } => {
                let other = self.share(other)?;
                same_share(share, other)?;
                let to = place(other, to)?;
                Ok(Done::of(match server.relocate(&from, &to).await? {
                    Moved::There { before: false, .. } => {
                        format!("`{}` is `{}` now", from.shown(), to.shown())
                    }
                    Moved::There { before: true, .. } => format!("it is at `{}` already", to.shown()),
                    Moved::Nothing => format!("there is no folder `{}`", from.shown()),
                }))
            }
            FolderWork::Archive { to, remember } => {
                let signs: String = task
                    .idempotency_key
                    .chars()
                    .filter(char::is_ascii_hexdigit)
                    .take(SIGNS)
                    .collect();
                let to = place(share, &format!("{to} {signs}"))?;
                let (answer, kept) = match server.relocate(&from, &to).await? {
                    Moved::There { index, .. } => (
                        format!("`{}` is in the archive as `{}`", from.shown(), to.shown()),
                        remembered(&to, index),
                    ),
                    Moved::Nothing => (format!("there is no folder `{}`", from.shown()), Json::Null),
                };
                Ok(Done {
                    answer,
                    captured: BTreeMap::from([(remember.clone(), kept)]),
                })
            }
            FolderWork::Delete { remembered } => {
                let kept = task.subject.captured.get(remembered);
                let text = |name: &str| kept.and_then(|kept| kept.get(name)).and_then(Json::as_str);
                let (Some(path), Some(index)) =
                    (text("path"), text("index").and_then(|index| index.parse().ok()))
                else {
                    return Ok(Done::of("nothing was archived".to_owned()));
                };
                let deleted = server.delete_all(&place(share, path)?, index, until).await?;
                Ok(Done {
                    answer: if deleted.was_there {
                        format!("`{path}` is gone, {} files and folders", deleted.count)
                    } else {
                        format!("`{path}` was gone already")
                    },
                    captured: BTreeMap::from([(remembered.clone(), Json::Null)]),
                })
            }
        }
    }

    fn share(&self, name: &str) -> Result<&Share, ShareError> {
        self.shares.get(name).ok_or_else(|| {
            let hint = "correct the documents, and make a new plan";
            ShareError::lasting(format!("there is no share `{name}`"), hint)
        })
    }

    async fn server<'s>(&self, share: &Share, servers: &'s Servers<'_>) -> Result<&'s Server, ShareError> {
        let cell = servers.get(share.name.as_str());
        let cell = cell.ok_or_else(|| ShareError::lasting("this share is not used here", ""))?;
        cell.get_or_try_init(|| self.connect(share)).await
    }

    async fn connect(&self, share: &Share) -> Result<Server, ShareError> {
        let doing = format!("setting up the share `{}`", share.name);
        let text = async |text: &str| {
            let text = connection_text(text, &doing, &self.environment, self.secrets.as_ref()).await;
            text.map_err(|error| ShareError::lasting(error.to_string(), &error.hint))
        };
        let user = text(&share.user).await?;
        let password = text(&share.password).await?;
        let login = Login {
            user: user.expose(),
            password: &password,
        };
        Server::connect(&where_is(share)?, login, share.protection).await
    }
}

fn where_is(share: &Share) -> Result<SharePlace, ShareError> {
    let hint = "correct `url` of the share";
    share
        .place()
        .map_err(|found| ShareError::lasting(format!("`url` is {found}"), hint))
}

fn same_share(one: &Share, other: &Share) -> Result<(), ShareError> {
    if where_is(one)?.is(&where_is(other)?) {
        return Ok(());
    }
    let message = format!("`{}` is another share than `{}`", other.name, one.name);
    Err(ShareError::lasting(
        message,
        "folders are moved within one share of one server",
    ))
}

/// A folder of a share, checked once more: a stored plan may have been made by another version.
fn place(share: &Share, path: &str) -> Result<Folder, ShareError> {
    let wrong = |why: String| ShareError::lasting(format!("`{path}` is no path: {why}"), "make a new plan");
    let root = share
        .root
        .as_deref()
        .map(str::parse::<SharePath>)
        .transpose()
        .map_err(wrong)?;
    Ok(Folder::new(root.as_ref(), path.parse().map_err(wrong)?))
}

/// Who the account is to the file server.
fn who(user: Option<&str>, subject: &Subject) -> Result<Sid, ShareError> {
    let known = || {
        let values = subject
            .attributes
            .iter()
            .find(|values| values.name.is("objectSid"));
        values
            .and_then(|values| values.values.first())
            .map(String::as_str)
    };
    let text = user.or_else(known).ok_or_else(|| {
        let hint = "in Active Directory `objectSid` has to be readable; elsewhere the step needs `user`";
        ShareError::passing(
            "the directory does not say the account's security identifier",
            hint,
        )
    })?;
    text.parse()
        .map_err(|why: String| ShareError::lasting(why, "correct `user` of the step"))
}

#[async_trait]
impl Performer for FolderKeeper {
    async fn perform(&self, tasks: Vec<Task>) -> Vec<Outcome> {
        let servers: Servers<'_> = self
            .shares
            .keys()
            .map(|name| (name.as_str(), OnceCell::new()))
            .collect();
        let servers = &servers;
        stream::iter(tasks)
            .map(|task| async move { self.done(&task, servers).await })
            .buffered(CONCURRENCY)
            .collect()
            .await
    }
}
