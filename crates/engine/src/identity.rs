//! Who accounts are to file servers: security identifiers, asked of the directory when they are needed, since a plan cannot
//! know that of an account that is still to be created.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_core::action::{Action, AttributeValues};
use tenure_core::attribute::AttributeName;
use tenure_core::home_folder::FolderWork;
use tenure_core::seams::{AccountRef, Directory, StoredObject, Task};
use tenure_core::sid::Sid;

/// The attribute of Active Directory that says it.
const ATTRIBUTE: &str = "objectSid";

/// Adds its security identifier to what is told of each account that gets a folder. Of an account whose directory does not
/// say it nothing is added, and its step says so.
pub(crate) async fn identify(directory: &dyn Directory, tasks: &mut [Task]) {
    let mut asking: Vec<&mut Task> = tasks.iter_mut().filter(|task| is_asking(task)).collect();
    let accounts: Vec<AccountRef> = asking
        .iter()
        .filter_map(|task| task.subject.account.clone())
        .collect();
    if accounts.is_empty() {
        return;
    }
    match directory.copies(&accounts).await {
        Ok(found) => {
            for (task, object) in asking.iter_mut().zip(found) {
                let Some(sid) = object.as_ref().and_then(sid) else {
                    continue;
                };
                task.subject.attributes.push(AttributeValues {
                    name: AttributeName::new(ATTRIBUTE),
                    values: vec![sid.to_string()],
                });
            }
        }
        Err(error) => tracing::warn!("security identifiers of {} accounts: {error}", accounts.len()),
    }
}

fn is_asking(task: &Task) -> bool {
    let Action::HomeFolder(folder) = &task.action else {
        return false;
    };
    matches!(folder.work, FolderWork::Create { user: None, .. }) && task.subject.account.is_some()
}

fn sid(object: &StoredObject) -> Option<Sid> {
    let (_, values) = object
        .attributes
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(ATTRIBUTE))?;
    Sid::from_bytes(&STANDARD.decode(values.first()?).ok()?)
}
