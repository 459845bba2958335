//! `kind: share`: a file share with people's folders, and the steps that make, move and delete these.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scalar::Span;
use crate::home_folder::{FolderOwner, FolderRights};

/// A file share of a Windows or Samba server (SMB 2 and 3). Nothing is done outside of `root`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// What steps call it.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it is: `smb://server/share`, or `smb://server:port/share`.
    pub url: String,
    /// The folder of the share below which alone anything is done; the whole share when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Who Tenure is there: `CORP\tenure`, or `tenure@corp.example.com`.
    pub user: String,
    /// Its password; as a rule `{{ secret('name') }}`.
    pub password: String,
    /// How the connection is kept from being overheard and changed.
    #[serde(default)]
    pub protection: ShareProtection,
    /// How long one step may take in one run, up to an hour. What is not done then goes on in the next run.
    #[serde(default = "Share::default_timeout")]
    pub timeout: Span,
}

/// How the connection to a file server is kept from being overheard and changed. Without either nothing is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShareProtection {
    /// Everything is encrypted and signed, which takes SMB 3.
    #[default]
    Encrypted,
    /// Everything is signed, so that nobody can change it, but can be read on the way.
    Signed,
}

/// A share by the parts of its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharePlace {
    /// The server's name or address, in lower case; an IPv6 address in brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The share on it.
    pub share: String,
}

impl SharePlace {
    /// Whether it is the same share. File servers do not tell cases apart.
    pub fn is(&self, other: &Self) -> bool {
        self.host == other.host
            && self.port == other.port
            && self.share.to_lowercase() == other.share.to_lowercase()
    }
}

impl Share {
    /// The longest time that a step may be given, in seconds.
    pub const MAX_TIMEOUT: i64 = 3_600;
    /// The port of file servers.
    const PORT: u16 = 445;

    fn default_timeout() -> Span {
        Span::from_secs(300)
    }

    /// Where it is.
    pub fn place(&self) -> Result<SharePlace, String> {
        let wrong = || format!("`{}`, which is no `smb://server/share`", self.url);
        let (server, share) = self
            .url
            .strip_prefix("smb://")
            .and_then(|rest| rest.trim_end_matches('/').split_once('/'))
            .ok_or_else(wrong)?;
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (server, Self::PORT),
        };
        let plain = |sign: char| sign.is_alphanumeric() || ".-_[]:".contains(sign);
        let is_share = !share.is_empty()
            && share.chars().count() <= 80
            && !share
                .chars()
                .any(|sign| sign.is_control() || "/\\:*?\"<>|[]+=;,{}%@".contains(sign));
        if host.is_empty() || port == 0 || !host.chars().all(plain) || !is_share {
            return Err(wrong());
        }
        Ok(SharePlace {
            host: host.to_ascii_lowercase(),
            port,
            share: share.to_owned(),
        })
    }
}

/// The account has a folder of its own, and may use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateHomeFolder {
    /// The share.
    pub share: String,
    /// Where the folder is, below the share's `root`. Formats, divided by `\` or `/`.
    pub path: String,
    /// What the account may do in it.
    #[serde(default)]
    pub rights: FolderRights,
    /// Whose it is.
    #[serde(default)]
    pub owner: FolderOwner,
    /// The account's security identifier on the file server (`S-1-5-…`): a format. In Active Directory it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// The account's folder is elsewhere on the same share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveHomeFolder {
    /// The share.
    pub share: String,
    /// Where the folder is. Formats, divided by `\` or `/`.
    pub path: String,
    /// Where it goes. Formats, divided by `\` or `/`.
    pub to: String,
    /// The document for where it goes, with another `root` of the same share; `share` when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_share: Option<String>,
}

/// The account's folder is in the archive, and after a while gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteHomeFolder {
    /// The share.
    pub share: String,
    /// Where the folder is. Formats, divided by `\` or `/`.
    pub path: String,
    /// The folder, below the share's `root`, that it goes to first.
    pub archive: String,
    /// How long it is kept there; `0s` deletes it at once. For good when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Span>,
}

/// The names of a path, each a format of its own, so that no value can add folders to the path.
pub fn path_parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut within, mut quote) = (0, false, None);
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let next = signs.peek().map(|(_, next)| *next);
        match (within, quote, sign) {
            (true, Some(open), sign) if sign == open => quote = None,
            (true, Some(_), '\\') => {
                signs.next();
            }
            (true, Some(_), _) => {}
            (true, None, '"' | '\'') => quote = Some(sign),
            (true, None, '}') if next == Some('}') => within = false,
            (false, _, '{') if next == Some('{') => within = true,
            (false, _, '/' | '\\') => {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_divides_a_path() {
        let parts = path_parts(r#"{{ department | replace("/", '\\}}"') }}\{{ a }}{{ b / 2 }}/x"#);
        assert_eq!(
            parts,
            [
                r#"{{ department | replace("/", '\\}}"') }}"#,
                "{{ a }}{{ b / 2 }}",
                "x"
            ]
        );
        assert_eq!(path_parts("/a"), ["", "a"]);
    }

    #[test]
    fn a_url_names_one_share() {
        let place = |url: &str| {
            let text = format!("{{\"name\":\"s\",\"url\":\"{url}\",\"user\":\"u\",\"password\":\"p\"}}");
            let share: Share = serde_json::from_str(&text).unwrap();
            share
                .place()
                .map(|place| format!("{}|{}|{}", place.host, place.port, place.share))
        };
        assert_eq!(place("smb://Files/homes$").as_deref(), Ok("files|445|homes$"));
        assert_eq!(place("smb://[::1]:4455/h/").as_deref(), Ok("[::1]|4455|h"));
        assert_eq!(place("smb://[::1]/h").as_deref(), Ok("[::1]|445|h"));
        for wrong in [
            "smb://files",
            "smb://files/",
            "//files/h",
            "smb:///h",
            "smb://f:0/h",
            "smb://f:x/h",
            "smb://u@f/h",
            "smb://f/a/b",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
