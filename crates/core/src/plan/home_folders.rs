//! Where the folders of a plan are: paths, worked out when the plan is made, so that whoever approves it sees them. Without a
//! whole path nothing is done, and the plan says why.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::action::Action;
use crate::expression::{Evaluated, Format, Scope};
use crate::home_folder::{FolderWork, HomeFolder};
use crate::link::Owed;
use crate::share_path::SharePath;

use super::change::Operation;
use super::recipients::{performed, told_scope};
use super::rules::{FolderFormats, Rules};

/// Fills in the paths of the home folders among these operations.
pub(super) fn resolve(rules: &Rules, operations: &mut [Operation], now: Timestamp) {
    for operation in operations {
        let (Action::HomeFolder(folder), Some(owed)) = (&mut operation.action, &operation.owed) else {
            continue;
        };
        let Some(formats) = performed(rules, &owed.step).and_then(|perform| perform.folder.as_deref()) else {
            continue;
        };
        let with = std::mem::take(&mut folder.with);
        let filled = fill(folder, formats, &told_scope(rules, &with, now), owed);
        folder.problem = filled.err();
        folder.with = with;
    }
}

fn fill(
    folder: &mut HomeFolder,
    formats: &FolderFormats,
    scope: &Scope<'_>,
    owed: &Owed,
) -> Result<(), String> {
    let path = path(&formats.path, scope)?;
    folder.path = path.to_string();
    match &mut folder.work {
        FolderWork::Create { user, .. } => {
            *user = formats
                .user
                .as_ref()
                .map(|format| one(format, scope))
                .transpose()?;
        }
        FolderWork::Move { to, .. } => *to = self::path(&formats.to, scope)?.to_string(),
        FolderWork::Archive { to, .. } => {
            let archive = self::path(&formats.to, scope)?;
            let name = format!("{} {}", path.leaf(), day(owed)?);
            *to = archive.join(&SharePath::of([name.as_str()])?)?.to_string();
        }
        FolderWork::Delete { .. } => {}
    }
    Ok(())
}

/// A path, each of whose names is one whole value.
fn path(names: &[Format], scope: &Scope<'_>) -> Result<SharePath, String> {
    let names: Vec<String> = names
        .iter()
        .map(|name| one(name, scope))
        .collect::<Result<_, _>>()?;
    SharePath::of(names.iter().map(String::as_str))
}

fn one(format: &Format, scope: &Scope<'_>) -> Result<String, String> {
    match format.evaluate(scope) {
        Ok(Evaluated::Values(values)) => match values.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err("a name in it has no value".to_owned()),
            several => Err(format!("a name in it has {} values", several.len())),
        },
        Ok(Evaluated::Nothing { missing }) => Err(format!("`{missing}` has no value")),
        Err(error) => Err(error.to_string()),
    }
}

/// The day on which the event began: the same however often the step is tried.
fn day(owed: &Owed) -> Result<String, String> {
    let began = owed.occasion.parse().ok();
    let began = began.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let began = began.ok_or_else(|| format!("`{}` is no time", owed.occasion))?;
    Ok(began.to_zoned(TimeZone::UTC).date().to_string())
}
