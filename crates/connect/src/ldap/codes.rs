//! What result codes mean, in our words. Told apart by the result code, the eight hexadecimal digits of a Windows error
//! that Active Directory puts first, and its `data` for binds; never by a server's text, which differs by version and
//! language. Samba leaves the Windows error away at times, so every code has a meaning of its own too.

use std::fmt;

use tenure_core::outcome::Refusal;

use super::answer::LdapResult;
use super::code_tables::{BIND_DATA, BY_CODE, BY_WINDOWS_ERROR, Meaning, Words};

/// A result code (RFC 4511, section 4.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResultCode(pub u32);

impl ResultCode {
    /// Done.
    pub const SUCCESS: Self = Self(0);
    /// The search took too long for the server.
    pub const TIME_LIMIT: Self = Self(3);
    /// More entries than the server gives.
    pub const SIZE_LIMIT: Self = Self(4);
    /// The operation has to go to another server.
    pub const REFERRAL: Self = Self(10);
    /// A limit set by the server's administrator.
    pub const ADMIN_LIMIT: Self = Self(11);
    /// The server does not know a critical control, or refuses its value.
    pub const UNAVAILABLE_CONTROL: Self = Self(12);
    /// There is no such attribute or value.
    pub const NO_SUCH_ATTRIBUTE: Self = Self(16);
    /// The attribute cannot be compared this way.
    pub const INAPPROPRIATE_MATCHING: Self = Self(18);
    /// The value is there already.
    pub const VALUE_EXISTS: Self = Self(20);
    /// There is no such object.
    pub const NO_SUCH_OBJECT: Self = Self(32);
    /// The server is too busy.
    pub const BUSY: Self = Self(51);
    /// The server is shutting down or not ready.
    pub const UNAVAILABLE: Self = Self(52);
    /// The server does not want to.
    pub const UNWILLING: Self = Self(53);
    /// There is an object of that name.
    pub const EXISTS: Self = Self(68);
    /// Anything else.
    pub const OTHER: Self = Self(80);
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What was being done when a result came; the same code means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Signing in.
    Bind,
    /// Searching.
    Read,
    /// Creating an object.
    Create,
    /// Changing attributes.
    Modify,
    /// Moving or renaming.
    Move,
    /// Adding a member to a group.
    AddMember,
    /// Taking a member out of a group.
    RemoveMember,
    /// Letting an account sign in, or not.
    SetAccess,
    /// Deleting.
    Delete,
}

/// A result, taken apart as far as codes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The result code.
    pub code: ResultCode,
    /// The Windows error that the text starts with.
    pub windows: Option<u32>,
    /// The `data` of a refused bind.
    pub data: Option<u32>,
}

impl Diagnosis {
    /// Takes a result apart.
    pub fn of(result: &LdapResult) -> Self {
        let text = result.diagnostic.as_str();
        let windows = text
            .split_once(':')
            .filter(|(digits, _)| digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|(digits, _)| u32::from_str_radix(digits, 16).ok());
        let data = text.split(", ").find_map(|part| {
            let digits = part.strip_prefix("data ")?;
            u32::from_str_radix(digits.split(|c: char| !c.is_ascii_hexdigit()).next()?, 16).ok()
        });
        Self {
            code: result.code,
            windows,
            data: data.filter(|data| *data != 0),
        }
    }

    /// Whether the member was in the group already, or was not in it, so that nothing is left to do.
    pub fn membership_is_so_already(self, doing: Doing) -> bool {
        match doing {
            Doing::AddMember => matches!(self.code, ResultCode::EXISTS | ResultCode::VALUE_EXISTS),
            Doing::RemoveMember => {
                self.code == ResultCode::NO_SUCH_ATTRIBUTE
                    || (self.code == ResultCode::UNWILLING
                        && matches!(self.windows, None | Some(0x529 | 0x561)))
            }
            _ => false,
        }
    }

    /// Whether the same may go well at another time.
    pub fn may_pass(self) -> bool {
        let known_for_good = self
            .windows
            .is_some_and(|error| BY_WINDOWS_ERROR.iter().any(|row| row.error == error));
        match self.code {
            ResultCode::TIME_LIMIT | ResultCode::ADMIN_LIMIT | ResultCode::BUSY | ResultCode::UNAVAILABLE => {
                true
            }
            ResultCode::OTHER => !known_for_good,
            _ => matches!(self.windows, Some(0x200e | 0x200f)),
        }
    }

    fn meaning(self, doing: Doing) -> Option<Meaning> {
        let fits = |only: Option<Doing>| only.is_none_or(|only| only == doing);
        let by_data = || {
            let data = self.data?;
            BIND_DATA
                .iter()
                .find(|row| row.data == data)
                .map(|row| row.meaning)
        };
        let by_windows_error = || {
            let error = self.windows?;
            let rows = BY_WINDOWS_ERROR.iter();
            rows.filter(|row| row.error == error && row.code.is_none_or(|code| code == self.code.0))
                .find(|row| fits(row.doing))
                .map(|row| row.meaning)
        };
        let by_code = || {
            BY_CODE
                .iter()
                .find(|row| row.code == self.code.0 && fits(row.doing))
                .map(|row| row.meaning)
        };
        by_data().or_else(by_windows_error).or_else(by_code)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(error) = self.windows {
            write!(f, " {error:08X}")?;
        }
        self.data.map_or(Ok(()), |data| write!(f, " data {data:x}"))
    }
}

/// Why a server said no, for an administrator.
pub fn explain(doing: Doing, result: &LdapResult) -> Refusal {
    let diagnosis = Diagnosis::of(result);
    let own_words: String = result
        .diagnostic
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect();
    let unknown = Meaning {
        says: "the server refused",
        hint: "",
        words: Words::Shown,
    };
    let Meaning { says, hint, words } = diagnosis.meaning(doing).unwrap_or(unknown);
    let message = if words == Words::Shown && !own_words.trim().is_empty() {
        format!("{says}; the server says: {}", own_words.trim())
    } else {
        says.to_owned()
    };
    Refusal {
        code: diagnosis.to_string(),
        message,
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests;
