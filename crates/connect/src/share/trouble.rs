//! What goes wrong with file servers, in words, and whether it passes.

use smb2::types::status::NtStatus;
use smb2::{Error, ErrorKind};
use tenure_core::outcome::{Outcome, Refusal};

/// Why something was not done on a file share.
#[derive(Debug)]
pub(super) struct ShareError {
    passes: bool,
    refusal: Refusal,
}

impl ShareError {
    /// It is not done as things are, and trying again does not help.
    pub(super) fn lasting(message: impl Into<String>, hint: &str) -> Self {
        Self::new(false, message.into(), hint)
    }

    /// It may go well another time.
    pub(super) fn passing(message: impl Into<String>, hint: &str) -> Self {
        Self::new(true, message.into(), hint)
    }

    fn new(passes: bool, message: String, hint: &str) -> Self {
        Self {
            passes,
            refusal: Refusal {
                code: String::new(),
                message,
                hint: hint.to_owned(),
            },
        }
    }

    /// What the server answered while this was done.
    pub(super) fn status(doing: &str, status: NtStatus) -> Self {
        let (passes, said, hint) = meaning(status);
        Self {
            passes,
            refusal: Refusal {
                code: format!("{:08X}", status.0),
                message: format!("{doing}: {said}"),
                hint: hint.to_owned(),
            },
        }
    }

    /// What the client said while this was done.
    pub(super) fn client(doing: &str, error: &Error) -> Self {
        if let Some(status) = error.status() {
            return Self::status(doing, status);
        }
        let passes = !matches!(
            error.kind(),
            ErrorKind::GuestSessionRefused
                | ErrorKind::SignatureInvalid
                | ErrorKind::SigningRequired
                | ErrorKind::AuthRequired
                | ErrorKind::InvalidData
                | ErrorKind::Unsupported
        );
        let hint = match error.kind() {
            ErrorKind::SignatureInvalid => {
                "somebody on the way changes what is sent; nothing of it was believed"
            }
            ErrorKind::GuestSessionRefused => "check `user` and `password` of the share",
            _ if passes => "the next run tries again",
            _ => "",
        };
        Self::new(passes, format!("{doing}: {error}"), hint)
    }

    /// What becomes of the step.
    pub(super) fn outcome(self) -> Outcome {
        if self.passes {
            Outcome::Failed(self.refusal)
        } else {
            Outcome::Refused(self.refusal)
        }
    }

    /// In a few words.
    pub(super) fn message(&self) -> String {
        self.refusal.to_string()
    }
}

/// Whether what the server says passes, what it means, and what to do about it.
fn meaning(status: NtStatus) -> (bool, String, &'static str) {
    let (passes, said, hint) = match status {
        NtStatus::ACCESS_DENIED => (
            true,
            "the server does not allow it, or somebody has a file open in the folder",
            "the share's `user` needs full control of everything below `root`; open files are named by the server's own tools",
        ),
        NtStatus::SHARING_VIOLATION => (
            true,
            "somebody has a file or folder open",
            "the next run tries again; the server's own tools name who it is",
        ),
        NtStatus::DELETE_PENDING => (true, "it is being deleted", "the next run tries again"),
        NtStatus::LOGON_FAILURE => (
            false,
            "the name or the password is wrong",
            "check `user` and `password` of the share; it signs in by NTLM",
        ),
        NtStatus::BAD_NETWORK_NAME => (false, "there is no such share", "check `url` of the share"),
        NtStatus::PATH_NOT_COVERED | NtStatus::STOPPED_ON_SYMLINK => (
            false,
            "it leads to another place",
            "links are not followed; name the server and share where the folder is",
        ),
        NtStatus::OBJECT_NAME_NOT_FOUND | NtStatus::OBJECT_PATH_NOT_FOUND => (true, "it is not there", ""),
        NtStatus::OBJECT_NAME_COLLISION => (true, "there is something of that name already", ""),
        NtStatus::DISK_FULL => (
            true,
            "there is no room left on the server's disk",
            "make room; the next run tries again",
        ),
        NtStatus::DIRECTORY_NOT_EMPTY => (true, "there is something in it still", "the next run tries again"),
        _ => match status.0 {
            // STATUS_PRIVILEGE_NOT_HELD, STATUS_INVALID_OWNER
            0xC000_0061 | 0xC000_005A => (
                false,
                "the share's `user` may not give folders to others",
                "it needs the privilege to restore files (SeRestorePrivilege), or leave `owner` out",
            ),
            // STATUS_ACCOUNT_DISABLED, _RESTRICTION, _LOCKED_OUT, STATUS_PASSWORD_EXPIRED, _MUST_CHANGE
            0xC000_0072 | 0xC000_006E | 0xC000_0234 | 0xC000_0071 | 0xC000_0224 => (
                false,
                "the account may not sign in: it is disabled, locked or restricted, or its password is over",
                "check the account that `user` of the share names",
            ),
            // STATUS_NONE_MAPPED, STATUS_INVALID_SID
            0xC000_0073 | 0xC000_0078 => (
                true,
                "the server does not know the account",
                "domain controllers may need a while to tell each other of new accounts; the next run tries again",
            ),
            _ => return (true, status.to_string(), "the next run tries again"),
        },
    };
    (passes, said.to_owned(), hint)
}
