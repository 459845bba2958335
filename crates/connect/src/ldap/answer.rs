//! What a server answers (RFC 4511, section 4): entries as they lie in the receive buffer, results, references.
//! Everything borrowed here is checked while it is walked; what does not fit is an error and never a shorter entry.

use super::ber::{
    BerError, ENUMERATED, INTEGER, OCTETS, Reader, SEQUENCE, SET, context, context_constructed,
};
use super::codes::ResultCode;
use super::request::MessageId;

const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;
/// Bind, modify, add, delete, modify name and compare answer with a bare result.
const PLAIN_RESULTS: [u8; 6] = [0x61, 0x67, 0x69, 0x6b, 0x6d, 0x6f];

/// One message of the server.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Which request it belongs to.
    pub id: MessageId,
    /// What it says.
    pub body: Body<'a>,
    /// The controls beside it.
    pub controls: Reader<'a>,
}

/// What an answer says.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// One entry of a search.
    Entry(RawEntry<'a>),
    /// Where a search would have to go on. Other servers are not followed to.
    Reference,
    /// The end of an operation.
    Done(RawResult<'a>),
    /// Something on the way to the end (RFC 4511, section 4.13).
    Intermediate,
}

impl<'a> Answer<'a> {
    /// Reads a whole message.
    pub fn parse(message: &'a [u8]) -> Result<Self, BerError> {
        let mut message = Reader::new(message).inside(SEQUENCE)?;
        let id = MessageId::try_from(message.number(INTEGER)?).map_err(|_| BerError::Number)?;
        let (tag, contents) = message.element()?;
        let contents = Reader::new(contents);
        let body = match tag {
            SEARCH_ENTRY => Body::Entry(RawEntry::new(contents)?),
            SEARCH_REFERENCE => Body::Reference,
            INTERMEDIATE => Body::Intermediate,
            SEARCH_DONE | EXTENDED => Body::Done(RawResult { contents }),
            tag if PLAIN_RESULTS.contains(&tag) => Body::Done(RawResult { contents }),
            found => {
                return Err(BerError::Unexpected {
                    expected: SEARCH_DONE,
                    found,
                });
            }
        };
        let controls = message.optional(context_constructed(0))?.unwrap_or_default();
        Ok(Self {
            id,
            body,
            controls: Reader::new(controls),
        })
    }
}

/// The end of an operation (RFC 4511, section 4.1.9), unread.
#[derive(Clone, Copy, Debug)]
pub struct RawResult<'a> {
    contents: Reader<'a>,
}

impl RawResult<'_> {
    /// Reads it.
    pub fn read(&self) -> Result<LdapResult, BerError> {
        let mut contents = self.contents;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = u32::try_from(contents.number(ENUMERATED)?).map_err(|_| BerError::Number)?;
        let matched = text(contents.expect(OCTETS)?);
        // Active Directory ends its texts with a zero byte.
        let diagnostic = text(contents.expect(OCTETS)?).trim_end_matches('\0').to_owned();
        let mut referrals = Vec::new();
        if let Some(urls) = contents.optional(context_constructed(3))? {
            let mut urls = Reader::new(urls);
            while !urls.is_empty() {
                referrals.push(text(urls.expect(OCTETS)?));
            }
        }
        // Extended answers go on with a name, which a notice of disconnection is known by.
        let mut name = None;
        while !contents.is_empty() {
            let (tag, contents) = contents.element()?;
            if tag == context(10) {
                name = Some(text(contents));
            }
        }
        Ok(LdapResult {
            code: ResultCode(code),
            matched,
            diagnostic,
            referrals,
            name,
        })
    }
}

/// What the server says at the end of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapResult {
    /// The result code.
    pub code: ResultCode,
    /// How far the name was found.
    pub matched: String,
    /// The server's own words.
    pub diagnostic: String,
    /// Where the operation would have to go instead.
    pub referrals: Vec<String>,
    /// The OID of an extended answer.
    pub name: Option<String>,
}

/// One entry as it lies in the receive buffer.
#[derive(Clone, Copy, Debug)]
pub struct RawEntry<'a> {
    dn: &'a [u8],
    attributes: Reader<'a>,
}

impl<'a> RawEntry<'a> {
    fn new(contents: Reader<'a>) -> Result<Self, BerError> {
        let mut contents = contents;
        Ok(Self {
            dn: contents.expect(OCTETS)?,
            attributes: contents.inside(SEQUENCE)?,
        })
    }

    /// Its name. Bytes that are no UTF-8 are replaced.
    pub fn dn(&self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.dn)
    }

    /// The next attribute; none after the last. The entry shrinks by it.
    #[inline]
    pub fn next_attribute(&mut self) -> Result<Option<RawAttribute<'a>>, BerError> {
        if self.attributes.is_empty() {
            return Ok(None);
        }
        let mut attribute = self.attributes.inside(SEQUENCE)?;
        Ok(Some(RawAttribute {
            name: attribute.expect(OCTETS)?,
            values: attribute.inside(SET)?,
        }))
    }

    /// A copy that can be kept.
    pub fn to_entry(mut self) -> Result<Entry, BerError> {
        let mut entry = Entry {
            dn: self.dn().into_owned(),
            attributes: Vec::new(),
        };
        while let Some(mut attribute) = self.next_attribute()? {
            let mut values = Vec::new();
            while let Some(value) = attribute.next_value()? {
                values.push(value.to_vec());
            }
            entry
                .attributes
                .push((String::from_utf8_lossy(attribute.name).into_owned(), values));
        }
        Ok(entry)
    }
}

/// One attribute of an entry as it lies in the receive buffer.
#[derive(Clone, Copy, Debug)]
pub struct RawAttribute<'a> {
    /// Its name with its options, as the server writes it.
    pub name: &'a [u8],
    values: Reader<'a>,
}

impl<'a> RawAttribute<'a> {
    /// The next value; none after the last. The attribute shrinks by it.
    #[inline]
    pub fn next_value(&mut self) -> Result<Option<&'a [u8]>, BerError> {
        if self.values.is_empty() {
            Ok(None)
        } else {
            self.values.expect(OCTETS).map(Some)
        }
    }
}

/// One entry, kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub dn: String,
    /// Its attributes with their values.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// The values of an attribute, by its name in any case; none when it is absent.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or(&[], |(_, values)| values.as_slice())
    }

    /// The first value of an attribute.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().map(Vec::as_slice)
    }

    /// The first value of an attribute as text; none when it is no UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.first(name).and_then(|value| std::str::from_utf8(value).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(message: &[u8]) -> Result<(), BerError> {
        let answer = Answer::parse(message)?;
        match answer.body {
            Body::Entry(entry) => entry.to_entry().map(drop)?,
            Body::Done(result) => result.read().map(drop)?,
            Body::Reference | Body::Intermediate => {}
        }
        super::super::control::paged_cookie(answer.controls).map(drop)
    }

    const ENTRY: &[u8] =
        b"\x30\x1d\x02\x01\x02\x64\x18\x04\x04cn=a\x30\x10\x30\x0e\x04\x02cn\x31\x08\x04\x01a\x04\x03abc";

    #[test]
    fn an_entry_is_read() {
        let Body::Entry(entry) = Answer::parse(ENTRY).unwrap().body else {
            panic!("no entry")
        };
        let entry = entry.to_entry().unwrap();
        assert_eq!(
            (entry.dn.as_str(), entry.values("CN").len(), entry.text("cn")),
            ("cn=a", 2, Some("a"))
        );
    }

    #[test]
    fn a_result_is_read_with_its_referrals() {
        let done = b"\x30\x14\x02\x01\x07\x65\x0f\x0a\x01\x0a\x04\x00\x04\x02no\xa3\x04\x04\x02u:";
        let Body::Done(result) = Answer::parse(done).unwrap().body else {
            panic!("no result")
        };
        let result = result.read().unwrap();
        assert_eq!((result.code, result.diagnostic.as_str()), (ResultCode(10), "no"));
        assert_eq!(result.referrals, ["u:"]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_all(&bytes);
        }

        #[test]
        fn no_changed_byte_makes_it_panic(at in 0..ENTRY.len(), byte in any::<u8>()) {
            let mut bytes = ENTRY.to_vec();
            bytes[at] = byte;
            let _ = read_all(&bytes);
            let _ = read_all(&bytes[..at]);
        }
    }
}
