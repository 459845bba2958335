//! Deleting a folder with everything in it: within a time, and so that the next run goes on where this one stopped.

use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;

use super::folders::{Folder, leads_elsewhere};
use super::server::{Handle, Listed, Missing, Server, access};
use super::trouble::ShareError;

/// Files that are deleted at the same time.
const AT_ONCE: usize = 16;
/// Folders within folders.
const DEEPEST: usize = 200;
/// The most folders of one folder that are remembered while it is listed; the others come next.
const FOLDERS: usize = 10_000;

/// What came of deleting.
pub(super) struct Deleted {
    /// Files and folders that are gone.
    pub(super) count: u64,
    /// Whether the folder was there at all.
    pub(super) was_there: bool,
}

/// A deletion under way.
struct Clearing<'a> {
    server: &'a Server,
    until: Instant,
    count: u64,
    /// The first that could not be deleted, and how many there were.
    stuck: Option<(String, u64)>,
}

impl Server {
    /// Deletes a folder that has this index, with everything in it. What is open or protected stays, and is named.
    pub(super) async fn delete_all(
        &self,
        folder: &Folder,
        index: u64,
        until: Instant,
    ) -> Result<Deleted, ShareError> {
        let Some(handle) = self.found(folder, 0).await? else {
            return Ok(Deleted {
                count: 0,
                was_there: false,
            });
        };
        let now = self.index(handle).await;
        self.close(handle).await;
        if now? != index {
            let message = format!(
                "`{}` is another folder than the one that was archived",
                folder.shown()
            );
            return Err(ShareError::lasting(message, "delete by hand what should go"));
        }
        let mut clearing = Clearing {
            server: self,
            until,
            count: 0,
            stuck: None,
        };
        let whole = folder.whole();
        clearing.clear(&whole, index, 0).await?;
        let count = clearing.count;
        if let Some((first, more)) = clearing.stuck {
            let message = match more {
                0 => format!("{count} deleted; {first}"),
                more => format!("{count} deleted; {first}; and {more} more"),
            };
            let hint = "the next run goes on; what it cannot delete then has to be deleted by hand";
            return Err(ShareError::passing(message, hint));
        }
        if clearing.is_over() {
            let message = format!("{count} deleted, and the time of this step is over");
            return Err(ShareError::passing(
                message,
                "the next run goes on; give it more with the share's `timeout`",
            ));
        }
        self.delete_one(&whole, false).await?;
        // What is open elsewhere goes only when it is closed there.
        if let Some(left) = self.found(folder, 0).await? {
            self.close(left).await;
            let message = format!("{count} deleted; `{}` itself is still there", folder.shown());
            return Err(ShareError::passing(
                message,
                "somebody has it open; the next run tries again",
            ));
        }
        Ok(Deleted {
            count: count + 1,
            was_there: true,
        })
    }

    /// Deletes a file, a link itself, or an empty folder.
    async fn delete_one(&self, path: &str, read_only: bool) -> Result<(), ShareError> {
        let access = if read_only {
            access::DELETE | access::WRITE_ATTRIBUTES
        } else {
            access::DELETE
        };
        let Some(handle) = self.open(path, access).await? else {
            return Ok(());
        };
        let deleted = async {
            if read_only {
                self.make_writable(handle).await?;
            }
            self.delete(handle).await
        };
        let deleted = deleted.await;
        self.close(handle).await;
        deleted
    }
}

impl Clearing<'_> {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn stuck(&mut self, path: &str, error: &ShareError) {
        match &mut self.stuck {
            Some((_, more)) => *more += 1,
            None => self.stuck = Some((format!("`{path}`: {}", error.message()), 0)),
        }
    }

    /// Empties a folder, which has this index. What cannot be deleted is taken note of.
    fn clear<'c>(
        &'c mut self,
        path: &'c str,
        index: u64,
        depth: usize,
    ) -> BoxFuture<'c, Result<(), ShareError>> {
        Box::pin(async move {
            // Servers may leave lines out of a listing while what it lists is deleted.
            while !self.is_over() {
                let before = self.count;
                let handle = self
                    .server
                    .open_folder(path, access::LIST, Missing::IsNone)
                    .await?;
                let Some(handle) = handle else { return Ok(()) };
                let folders = self.files(path, handle).await;
                self.server.close(handle).await;
                let folders = folders?;
                for folder in &folders {
                    let below = format!("{path}\\{}", folder.name);
                    if let Err(error) = self.folder(&below, index, depth + 1).await {
                        self.stuck(&below, &error);
                    }
                    if self.is_over() {
                        return Ok(());
                    }
                }
                if self.count == before {
                    return Ok(());
                }
            }
            Ok(())
        })
    }

    /// Deletes a folder below one that has this index.
    async fn folder(&mut self, path: &str, above: u64, depth: usize) -> Result<(), ShareError> {
        if depth > DEEPEST {
            let message = format!("it is more than {DEEPEST} folders deep");
            return Err(ShareError::lasting(message, "delete it by hand"));
        }
        let handle = self
            .server
            .open_folder(path, access::LIST, Missing::IsNone)
            .await?;
        let Some(handle) = handle else { return Ok(()) };
        let index = async {
            self.server.in_its_place(handle, above, path).await?;
            self.server.index(handle).await
        };
        let index = index.await;
        self.server.close(handle).await;
        let (stuck, index) = (self.stuck.clone(), index?);
        self.clear(path, index, depth).await?;
        if self.is_over() || self.stuck != stuck {
            return Ok(());
        }
        self.server.delete_one(path, false).await?;
        self.count += 1;
        Ok(())
    }

    /// Deletes the files and links of an opened folder, and gives its folders.
    async fn files(&mut self, path: &str, handle: Handle) -> Result<Vec<Listed>, ShareError> {
        let mut folders = Vec::new();
        while !self.is_over() && folders.len() < FOLDERS {
            let lines = self.server.list(handle).await?;
            if lines.is_empty() {
                break;
            }
            let lines = lines
                .into_iter()
                .filter(|line| !matches!(line.name.as_str(), "." | ".."));
            let (below, files): (Vec<_>, Vec<_>) = lines.partition(Listed::is_folder);
            folders.extend(below);
            let server = self.server;
            let mut deleted = stream::iter(files)
                .map(|file| async move {
                    let path = format!("{path}\\{}", file.name);
                    let deleted = if file.name.contains(['/', '\\']) {
                        Err(leads_elsewhere(&path))
                    } else {
                        server.delete_one(&path, file.is_read_only()).await
                    };
                    (path, deleted)
                })
                .buffer_unordered(AT_ONCE);
            let mut stuck = Vec::new();
            while let Some((path, deleted)) = deleted.next().await {
                match deleted {
                    Ok(()) => self.count += 1,
                    Err(error) => stuck.push((path, error)),
                }
            }
            drop(deleted);
            for (path, error) in stuck {
                self.stuck(&path, &error);
            }
        }
        Ok(folders)
    }
}
