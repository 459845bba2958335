//! Security identifiers: who somebody is to Windows file servers (MS-DTYP 2.4.2).

use std::fmt;
use std::str::FromStr;

/// The most parts after the authority.
const MOST: usize = 15;

/// A security identifier, `S-1-5-21-…-1104` as text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

impl Sid {
    /// Reads the bytes that directories and file servers send.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let [1, count, authority @ ..] = head else {
            return None;
        };
        let (parts, left) = rest.as_chunks::<4>();
        if usize::from(*count) != parts.len() || parts.len() > MOST || !left.is_empty() {
            return None;
        }
        Some(Self {
            authority: authority.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            parts: parts.iter().map(|part| u32::from_le_bytes(*part)).collect(),
        })
    }

    /// As file servers are sent it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = u8::try_from(self.parts.len()).unwrap_or_default();
        let mut bytes = vec![1, count];
        bytes.extend(self.authority.to_be_bytes().iter().skip(2));
        bytes.extend(self.parts.iter().flat_map(|part| part.to_le_bytes()));
        bytes
    }
}

impl FromStr for Sid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no security identifier, which looks like `S-1-5-21-1-2-3-1104`");
        let mut parts = text.trim().split('-');
        if !parts.next().is_some_and(|s| s.eq_ignore_ascii_case("S")) || parts.next() != Some("1") {
            return Err(wrong());
        }
        let authority = parts.next().and_then(|part| part.parse().ok());
        let authority = authority
            .filter(|authority: &u64| *authority < 1 << 48)
            .ok_or_else(wrong)?;
        let parts: Option<Vec<u32>> = parts.map(|part| part.parse().ok()).collect();
        let parts = parts
            .filter(|parts| (1..=MOST).contains(&parts.len()))
            .ok_or_else(wrong)?;
        Ok(Self { authority, parts })
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_the_same_one() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        let sid = Sid::from_bytes(&bytes).unwrap();
        assert_eq!(sid.to_string(), "S-1-5-32-544");
        assert_eq!(sid.to_bytes(), bytes);
        assert_eq!("s-1-5-32-544".parse(), Ok(sid));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "S-1-5",
            "S-2-5-32",
            "ada",
            "S-1-5-x",
            "S-1-5-4294967296",
            "S-1-281474976710656-1",
        ] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
        for bytes in [
            &b""[..],
            &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 5],
        ] {
            assert_eq!(Sid::from_bytes(bytes), None);
        }
    }
}
