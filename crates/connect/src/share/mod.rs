//! People's folders on file shares (SMB 2 and 3): made with rights, moved, archived and deleted, each read back from the
//! server before it counts as done.

mod announcing;
mod deleting;
mod folders;
mod performer;
mod security;
mod server;
mod trouble;

pub use performer::FolderKeeper;
