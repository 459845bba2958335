//! Steps about home folders. One that deletes is two: the folder goes to the archive, and what was archived is deleted
//! later.

use crate::action::Action;
use crate::attribute::AttributeName;
use crate::document::{self, path_parts};
use crate::expression::Format;
use crate::home_folder::{FolderWork, HomeFolder};
use crate::plan::{FolderFormats, Perform};

use super::super::{CompileError, Compiler, fault, missing};
use super::Keys;

impl Compiler<'_> {
    /// What a step asks of an account's folder; nothing for other steps.
    pub(super) fn home_folder(
        &mut self,
        step: &document::Step,
        keys: &mut Keys,
        at: &str,
    ) -> Result<Vec<Perform>, CompileError> {
        if let Some(create) = &step.create_home_folder {
            let formats = FolderFormats {
                path: names(&create.path, at)?,
                user: create
                    .user
                    .as_deref()
                    .map(Format::parse)
                    .transpose()
                    .map_err(fault(at))?,
                ..FolderFormats::default()
            };
            let work = FolderWork::Create {
                rights: create.rights,
                owner: create.owner,
                user: None,
            };
            let key = format!("home folder on {}", create.share);
            return Ok(vec![self.folder(
                &create.share,
                work,
                formats,
                (keys, &key),
                at,
            )?]);
        }
        if let Some(moved) = &step.move_home_folder {
            let share = moved.to_share.as_ref().unwrap_or(&moved.share);
            self.documents
                .share(share)
                .ok_or_else(|| missing("share", share, at))?;
            let formats = FolderFormats {
                path: names(&moved.path, at)?,
                to: names(&moved.to, at)?,
                ..FolderFormats::default()
            };
            let work = FolderWork::Move {
                share: share.clone(),
                to: String::new(),
            };
            let key = format!("move home folder on {}", moved.share);
            return Ok(vec![self.folder(
                &moved.share,
                work,
                formats,
                (keys, &key),
                at,
            )?]);
        }
        let Some(deleted) = &step.delete_home_folder else {
            return Ok(Vec::new());
        };
        let key = format!("archive home folder on {}", deleted.share);
        let nth = keys.given.iter().filter(|given| **given == key).count();
        // Two of one rule must not take each other's folder for theirs.
        let remember = match nth {
            0 => format!("archived_on_{}", deleted.share),
            nth => format!("archived_on_{}_{}", deleted.share, nth + 1),
        };
        let formats = FolderFormats {
            path: names(&deleted.path, at)?,
            to: names(&deleted.archive, at)?,
            ..FolderFormats::default()
        };
        let work = FolderWork::Archive {
            to: String::new(),
            remember: remember.clone(),
        };
        let mut performs = vec![self.folder(&deleted.share, work, formats, (&mut *keys, &key), at)?];
        if let Some(keep) = deleted.keep {
            let formats = FolderFormats {
                path: names(&deleted.path, at)?,
                keep: keep.0,
                ..FolderFormats::default()
            };
            let work = FolderWork::Delete { remembered: remember };
            let key = format!("delete home folder on {}", deleted.share);
            performs.push(self.folder(&deleted.share, work, formats, (keys, &key), at)?);
        }
        Ok(performs)
    }

    fn folder(
        &mut self,
        share: &str,
        work: FolderWork,
        formats: FolderFormats,
        (keys, key): (&mut Keys, &str),
        at: &str,
    ) -> Result<Perform, CompileError> {
        self.documents
            .share(share)
            .ok_or_else(|| missing("share", share, at))?;
        let all = formats.path.iter().chain(&formats.to).chain(&formats.user);
        let mut named: Vec<AttributeName> = Vec::new();
        for (name, _) in all.flat_map(Format::columns) {
            let name = AttributeName::new(name);
            if !named.contains(&name) {
                named.push(name);
            }
        }
        Ok(Perform {
            action: Action::HomeFolder(HomeFolder {
                share: share.to_owned(),
                path: String::new(),
                work,
                problem: None,
                with: Vec::new(),
            }),
            to: Vec::new(),
            key: keys.of(key),
            reads: self.reads(named),
            folder: Some(Box::new(formats)),
        })
    }
}

/// The names of a path.
fn names(text: &str, at: &str) -> Result<Vec<Format>, CompileError> {
    let parts = path_parts(text).into_iter();
    parts
        .map(Format::parse)
        .collect::<Result<_, _>>()
        .map_err(fault(at))
}
