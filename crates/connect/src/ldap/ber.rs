//! BER (ITU-T X.690) as far as LDAP uses it (RFC 4511, section 5.1): definite lengths, one-byte tags, bounded sizes.
//! Nothing here knows what the bytes mean, and no input makes it panic.

/// Tag of BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// Tag of INTEGER.
pub const INTEGER: u8 = 0x02;
/// Tag of OCTET STRING.
pub const OCTETS: u8 = 0x04;
/// Tag of ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// Tag of SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// Tag of SET.
pub const SET: u8 = 0x31;

/// A tag of the context class, of a primitive value.
pub const fn context(number: u8) -> u8 {
    0x80 | number
}

/// A tag of the context class, of a constructed value.
pub const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// Bytes that are no BER, or not the element that has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BerError {
    /// An element says that it is longer than what there is.
    #[error("an element is cut off")]
    Truncated,
    /// Another element than the one that has to be here.
    #[error("an element with tag {found:#04x} where {expected:#04x} has to be")]
    Unexpected {
        /// What has to be here.
        expected: u8,
        /// What is here.
        found: u8,
    },
    /// A length in the indefinite form, in more than four bytes, or a tag of more than one byte.
    #[error("an element has a form that LDAP does not allow")]
    Form,
    /// A number of more than eight bytes, or of none.
    #[error("a number has no length that can be")]
    Number,
    /// An element longer than what is accepted.
    #[error("an answer of {size} bytes, more than the {limit} that are accepted")]
    TooLarge {
        /// Its size in bytes, header included.
        size: usize,
        /// The largest size accepted.
        limit: usize,
    },
}

/// Takes elements off the front of a slice, without copying.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element; none at the end.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element: its tag and its contents.
    #[inline]
    pub fn element(&mut self) -> Result<(u8, &'a [u8]), BerError> {
        let (tag, header, length) = header(self.rest)?.ok_or(BerError::Truncated)?;
        let end = header.checked_add(length).ok_or(BerError::Form)?;
        let contents = self.rest.get(header..end).ok_or(BerError::Truncated)?;
        self.rest = self.rest.get(end..).unwrap_or_default();
        Ok((tag, contents))
    }

    /// The contents of the next element, which must have this tag.
    #[inline]
    pub fn expect(&mut self, expected: u8) -> Result<&'a [u8], BerError> {
        let (found, contents) = self.element()?;
        if found == expected {
            Ok(contents)
        } else {
            Err(BerError::Unexpected { expected, found })
        }
    }

    /// The elements inside the next element, which must have this tag.
    #[inline]
    pub fn inside(&mut self, tag: u8) -> Result<Reader<'a>, BerError> {
        self.expect(tag).map(Reader::new)
    }

    /// The contents of the next element if it has this tag; it stays where it is if not.
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, BerError> {
        if self.peek() == Some(tag) {
            self.expect(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The next element as a number, which must have this tag (INTEGER or ENUMERATED).
    pub fn number(&mut self, tag: u8) -> Result<i64, BerError> {
        let contents = self.expect(tag)?;
        let (Some(first), 1..=8) = (contents.first(), contents.len()) else {
            return Err(BerError::Number);
        };
        let start = if first & 0x80 == 0 { 0 } else { -1 };
        Ok(contents
            .iter()
            .fold(start, |number, byte| number << 8 | i64::from(*byte)))
    }
}

/// The size in bytes, header included, of the message that `bytes` starts with; none when that cannot be seen yet.
/// Every message is a sequence, and what is none is told at once.
pub fn size_of_first(bytes: &[u8], limit: usize) -> Result<Option<usize>, BerError> {
    if let Some(found) = bytes.first().copied().filter(|tag| *tag != SEQUENCE) {
        return Err(BerError::Unexpected {
            expected: SEQUENCE,
            found,
        });
    }
    let Some((_, header, length)) = header(bytes)? else {
        return Ok(None);
    };
    let size = header.saturating_add(length);
    if size > limit {
        Err(BerError::TooLarge { size, limit })
    } else {
        Ok(Some(size))
    }
}

/// Tag, length of the header and length of the contents; none when the header is not whole.
#[inline]
fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, BerError> {
    let [tag, first, rest @ ..] = bytes else {
        return if bytes.first().is_some_and(|tag| tag & 0x1f == 0x1f) {
            Err(BerError::Form)
        } else {
            Ok(None)
        };
    };
    if tag & 0x1f == 0x1f {
        return Err(BerError::Form);
    }
    if *first < 0x80 {
        return Ok(Some((*tag, 2, usize::from(*first))));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return Err(BerError::Form);
    }
    let Some(digits) = rest.get(..count) else {
        return Ok(None);
    };
    let length = digits
        .iter()
        .fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    Ok(Some((*tag, 2 + count, length)))
}

/// Appends elements to a buffer that is used again and again. Lengths are written in the shortest form.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Writes to the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// An element with these contents.
    pub fn bytes(&mut self, tag: u8, contents: &[u8]) {
        self.out.push(tag);
        let (digits, count) = length_digits(contents.len());
        self.out
            .extend_from_slice(digits.get(..count).unwrap_or_default());
        self.out.extend_from_slice(contents);
    }

    /// An OCTET STRING.
    pub fn octets(&mut self, contents: &[u8]) {
        self.bytes(OCTETS, contents);
    }

    /// A BOOLEAN (RFC 4511, section 5.1: true is `FF`).
    pub fn boolean(&mut self, tag: u8, value: bool) {
        self.bytes(tag, &[if value { 0xff } else { 0 }]);
    }

    /// A number in the fewest bytes.
    pub fn number(&mut self, tag: u8, value: i64) {
        let bytes = value.to_be_bytes();
        let mut digits: &[u8] = &bytes;
        while let [first, rest @ ..] = digits
            && let Some(next) = rest.first()
            && ((*first == 0 && next & 0x80 == 0) || (*first == 0xff && next & 0x80 != 0))
        {
            digits = rest;
        }
        self.bytes(tag, digits);
    }

    /// An element whose contents are what `contents` writes.
    pub fn nested(&mut self, tag: u8, contents: impl FnOnce(&mut Writer<'_>)) {
        self.out.push(tag);
        self.out.push(0);
        let start = self.out.len();
        contents(&mut Writer { out: self.out });
        let (digits, count) = length_digits(self.out.len() - start);
        // The contents move only when their length does not fit into the one byte that was kept free.
        self.out
            .splice(start - 1..start, digits.iter().copied().take(count));
    }
}

/// A length as it is written, and how many of the bytes count. Longer than four gibibytes cannot be.
fn length_digits(length: usize) -> ([u8; 5], usize) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let [a, b, c, d] = length.to_be_bytes();
    match length {
        0..0x80 => ([d, 0, 0, 0, 0], 1),
        0x80..0x100 => ([0x81, d, 0, 0, 0], 2),
        0x100..0x1_0000 => ([0x82, c, d, 0, 0], 3),
        0x1_0000..0x100_0000 => ([0x83, b, c, d, 0], 4),
        _ => ([0x84, a, b, c, d], 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walk(mut reader: Reader<'_>, depth: u8) {
        while !reader.is_empty() {
            let before = reader;
            for tag in [INTEGER, ENUMERATED] {
                let _ = before.clone().number(tag);
            }
            let Ok((tag, contents)) = reader.element() else {
                return;
            };
            if tag & 0x20 != 0 && depth < 32 {
                walk(Reader::new(contents), depth + 1);
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            walk(Reader::new(&bytes), 0);
            let _ = size_of_first(&bytes, 100);
        }

        #[test]
        fn numbers_come_back(number in any::<i64>()) {
            let mut out = Vec::new();
            Writer::new(&mut out).number(INTEGER, number);
            prop_assert_eq!(Reader::new(&out).number(INTEGER), Ok(number));
        }

        #[test]
        fn nested_contents_come_back(length in 0usize..70_000) {
            let contents = vec![7; length];
            let mut out = vec![1, 2, 3];
            Writer::new(&mut out).nested(SEQUENCE, |inner| inner.nested(SET, |inner| inner.octets(&contents)));
            let out = &out[3..];
            prop_assert_eq!(size_of_first(out, 100_000), Ok(Some(out.len())));
            let mut reader = Reader::new(out).inside(SEQUENCE).unwrap().inside(SET).unwrap();
            prop_assert_eq!(reader.expect(OCTETS).unwrap(), &contents[..]);
            prop_assert!(reader.is_empty());
        }
    }

    #[test]
    fn forms_that_ldap_does_not_allow_are_errors() {
        assert_eq!(Reader::new(&[0x30, 0x80, 0, 0]).element(), Err(BerError::Form));
        assert_eq!(
            Reader::new(&[0x30, 0x85, 0, 0, 0, 0, 1, 9]).element(),
            Err(BerError::Form)
        );
        assert_eq!(Reader::new(&[0x1f, 0x81, 1, 0]).element(), Err(BerError::Form));
        assert_eq!(
            size_of_first(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], 64),
            Err(BerError::TooLarge {
                size: 4_294_967_301,
                limit: 64
            })
        );
        assert_eq!(size_of_first(&[0x30, 0x82, 1], 64), Ok(None));
        assert_eq!(
            Reader::new(&[2, 1, 1]).number(ENUMERATED),
            Err(BerError::Unexpected {
                expected: ENUMERATED,
                found: INTEGER
            })
        );
    }

    #[test]
    fn lengths_are_read_in_the_long_form_that_active_directory_writes() {
        assert_eq!(
            Reader::new(&[0x04, 0x84, 0, 0, 0, 2, b'o', b'k']).expect(OCTETS),
            Ok(&b"ok"[..])
        );
    }
}
