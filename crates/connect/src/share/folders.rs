//! What is done with folders: each way is walked from the share's root, folder by folder, and what leads elsewhere is left
//! alone. Everything can be done again after it was broken off: what is as it should be is kept.

use serde_json::{Value as Json, json};
use tenure_core::home_folder::{FolderOwner, FolderRights};
use tenure_core::share_path::SharePath;
use tenure_core::sid::Sid;

use super::security::{mask, owned_by};
use super::server::{Handle, Missing, Server, access};
use super::trouble::ShareError;

/// A folder with all above it, from the share's top: those of the `root`, which are taken as they are, and those below.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: Vec<String>,
    path: SharePath,
}

/// What came of moving a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It is in its new place now, or was already.
    There { index: u64, before: bool },
    /// There is no such folder, neither here nor there.
    Nothing,
}

impl Folder {
    pub(super) fn new(root: Option<&SharePath>, path: SharePath) -> Self {
        Self {
            root: root.map(|root| root.names().to_vec()).unwrap_or_default(),
            path,
        }
    }

    /// Where it is below the root, for people.
    pub(super) fn shown(&self) -> String {
        self.path.to_string()
    }

    /// Where it is from the top of the share.
    pub(super) fn whole(&self) -> String {
        self.upto(self.path.names().len())
    }

    fn upto(&self, below: usize) -> String {
        let names = self.root.iter().chain(self.path.names().iter().take(below));
        names.map(String::as_str).collect::<Vec<_>>().join("\\")
    }

    /// Whether it is in the other one, or is it.
    fn is_within(&self, other: &Self) -> bool {
        let whole =
            |folder: &Self| SharePath::of(folder.root.iter().chain(folder.path.names()).map(String::as_str));
        match (whole(self), whole(other)) {
            (Ok(one), Ok(other)) => one.is_within(&other),
            // A path that is too long is no place for anything.
            _ => true,
        }
    }
}

impl Server {
    /// Makes a folder if it is not there, and gives an account its rights in it if it has not.
    pub(super) async fn create(
        &self,
        folder: &Folder,
        user: &Sid,
        rights: FolderRights,
        owner: FolderOwner,
    ) -> Result<String, ShareError> {
        let parent = self.parent(folder, Missing::IsMade).await?.unwrap_or_default();
        let wanted = mask(rights);
        let changes = access::LIST | access::READ_RIGHTS | access::WRITE_RIGHTS;
        let changes = match owner {
            FolderOwner::User => changes | access::WRITE_OWNER,
            FolderOwner::Unchanged => changes,
        };
        let handle = self
            .open_folder(&folder.whole(), changes, Missing::IsMade)
            .await?;
        let handle = handle.ok_or_else(|| gone(folder))?;
        let owned = |now: Option<&Sid>| owner == FolderOwner::Unchanged || now == Some(user);
        let completed = async {
            self.in_its_place(handle, parent, &folder.shown()).await?;
            let before = self.security(handle).await?;
            let given = !before.allows(user, wanted);
            if given {
                self.set_rights(handle, before.with_entry(user, wanted)).await?;
            }
            let taken = !owned(before.owner.as_ref());
            if taken {
                self.set_owner(handle, owned_by(user)).await?;
            }
            Ok((given, taken))
        };
        let completed = completed.await;
        self.close(handle).await;
        let (given, taken) = completed?;
        let seen = self
            .open_folder(&folder.whole(), access::READ_RIGHTS, Missing::IsNone)
            .await?;
        let seen = seen.ok_or_else(|| gone(folder))?;
        let security = self.security(seen).await;
        self.close(seen).await;
        let security = security?;
        if !security.allows(user, wanted) || !owned(security.owner.as_ref()) {
            let message = format!(
                "the server took the rights of {user} in `{}`, and does not show them",
                folder.shown()
            );
            return Err(ShareError::passing(
                message,
                "look at the folder's rights on the server",
            ));
        }
        let shown = folder.shown();
        Ok(match (handle.is_new, given || taken) {
            (true, _) => format!("`{shown}` made, with rights for {user}"),
            (false, true) => format!("`{shown}` was there, and {user} got rights"),
            (false, false) => format!("`{shown}` was there, with rights for {user}"),
        })
    }

    /// Gives a folder another place, where there must be nothing.
    pub(super) async fn relocate(&self, from: &Folder, to: &Folder) -> Result<Moved, ShareError> {
        if to.is_within(from) {
            let message = format!("`{}` is in `{}` itself", to.shown(), from.shown());
            return Err(ShareError::lasting(message, "write a place outside of it"));
        }
        let Some(handle) = self.found(from, access::DELETE).await? else {
            let Some(there) = self.found(to, 0).await? else {
                return Ok(Moved::Nothing);
            };
            let index = self.index(there).await;
            self.close(there).await;
            return Ok(Moved::There {
                index: index?,
                before: true,
            });
        };
        let renamed = self.renamed(handle, from, to).await;
        self.close(handle).await;
        let index = renamed?;
        let seen = self.found(to, 0).await?.ok_or_else(|| gone(to))?;
        let now = self.index(seen).await;
        self.close(seen).await;
        let left = self.found(from, 0).await?;
        if let Some(left) = left {
            self.close(left).await;
        }
        if now? != index || left.is_some() {
            let message = format!(
                "the server said that `{}` was moved, and shows another",
                from.shown()
            );
            return Err(ShareError::passing(message, "look at both places on the server"));
        }
        Ok(Moved::There { index, before: false })
    }

    async fn renamed(&self, handle: Handle, from: &Folder, to: &Folder) -> Result<u64, ShareError> {
        let index = self.index(handle).await?;
        self.parent(to, Missing::IsMade).await?;
        if let Some(there) = self.open(&to.whole(), 0).await? {
            self.close(there).await;
            let message = format!("`{}` is there, and so is `{}`", from.shown(), to.shown());
            let hint = "put together by hand what belongs together, and remove one of them";
            return Err(ShareError::lasting(message, hint));
        }
        self.rename(handle, &to.whole()).await?;
        Ok(index)
    }

    /// Opens a folder where it should be; none when it is not there.
    pub(super) async fn found(&self, folder: &Folder, access: u32) -> Result<Option<Handle>, ShareError> {
        let Some(parent) = self.parent(folder, Missing::IsNone).await? else {
            return Ok(None);
        };
        let access = access | access::LIST;
        let Some(handle) = self.open_folder(&folder.whole(), access, Missing::IsNone).await? else {
            return Ok(None);
        };
        if let Err(error) = self.in_its_place(handle, parent, &folder.shown()).await {
            self.close(handle).await;
            return Err(error);
        }
        Ok(Some(handle))
    }

    /// Walks to the folder above, and gives what the server tells that from all others by; none when there is none.
    async fn parent(&self, folder: &Folder, missing: Missing) -> Result<Option<u64>, ShareError> {
        let root = folder.upto(0);
        let Some(handle) = self.open_folder(&root, access::LIST, Missing::IsNone).await? else {
            let hint = "make it on the server, with rights for the share's `user`";
            return Err(ShareError::lasting(
                format!("the share's `root`, `{root}`, is not there"),
                hint,
            ));
        };
        let index = self.index(handle).await;
        self.close(handle).await;
        let mut above = index?;
        for below in 1..folder.path.names().len() {
            let path = folder.upto(below);
            let Some(handle) = self.open_folder(&path, access::LIST, missing).await? else {
                return Ok(None);
            };
            let index = match self.in_its_place(handle, above, &path).await {
                Ok(()) => self.index(handle).await,
                Err(error) => Err(error),
            };
            self.close(handle).await;
            above = index?;
        }
        Ok(Some(above))
    }

    /// Whether an opened folder is in the one above it, and no link to another place. Some servers follow links without a
    /// word; then what is above the folder is not the folder that it was reached by.
    pub(super) async fn in_its_place(
        &self,
        handle: Handle,
        above: u64,
        shown: &str,
    ) -> Result<(), ShareError> {
        if handle.is_link() || !handle.is_folder() {
            return Err(leads_elsewhere(shown));
        }
        let lines = self.list(handle).await?;
        let up = lines.iter().find(|line| line.name == "..");
        match up {
            Some(up) if up.index != 0 && above != 0 && up.index != above => Err(leads_elsewhere(shown)),
            _ => Ok(()),
        }
    }
}

/// What is remembered of an archived folder.
pub(super) fn remembered(to: &Folder, index: u64) -> Json {
    json!({ "path": to.shown(), "index": index.to_string() })
}

pub(super) fn leads_elsewhere(shown: &str) -> ShareError {
    let message = format!("`{shown}` is a link that leads to another place, and is left alone");
    ShareError::lasting(
        message,
        "links are not followed; write the path of the folder itself",
    )
}

fn gone(folder: &Folder) -> ShareError {
    ShareError::passing(
        format!("`{}` went away meanwhile", folder.shown()),
        "the next run tries again",
    )
}
