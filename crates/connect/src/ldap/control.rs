//! Controls (RFC 4511, section 4.1.11): what can be asked for beside an operation, and what comes back beside a result.

use super::ber::{BOOLEAN, BerError, INTEGER, OCTETS, Reader, SEQUENCE, Writer};

/// Whether the server may carry out the operation when it does not know the control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Criticality {
    /// It may.
    #[default]
    Optional,
    /// It must refuse.
    Critical,
}

/// A control of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its OID.
    pub oid: String,
    /// What happens when the server does not know it.
    pub criticality: Criticality,
    /// Its value, in BER; some have none.
    pub value: Option<Vec<u8>>,
}

impl Control {
    /// OID of paged results (RFC 2696).
    pub const PAGED: &'static str = "1.2.840.113556.1.4.319";

    /// OID of changes since a cookie, `DirSync` (MS-ADTS 3.1.1.3.4.1.3).
    pub const CHANGES: &'static str = "1.2.840.113556.1.4.841";
    /// OID of showing deleted objects too (MS-ADTS 3.1.1.3.4.1.14).
    pub const SHOW_DELETED: &'static str = "1.2.840.113556.1.4.417";

    /// Any control, for example Active Directory's `DirSync`.
    pub fn raw(oid: &str, criticality: Criticality, value: Option<Vec<u8>>) -> Self {
        Self {
            oid: oid.to_owned(),
            criticality,
            value,
        }
    }

    /// Answer in pages of this many entries, going on from `cookie` (RFC 2696, section 2).
    pub fn paged(size: u32, cookie: &[u8]) -> Self {
        let mut value = Vec::with_capacity(cookie.len() + 16);
        Writer::new(&mut value).nested(SEQUENCE, |out| {
            out.number(INTEGER, i64::from(size));
            out.octets(cookie);
        });
        Self::raw(Self::PAGED, Criticality::Critical, Some(value))
    }

    /// Answer with what changed since `cookie`, of groups with the members that came or went only (MS-ADTS
    /// 3.1.1.3.4.1.3). An empty cookie begins at the beginning of time.
    pub fn changes(cookie: &[u8]) -> Self {
        /// `LDAP_DIRSYNC_INCREMENTAL_VALUES`, a number of 32 bits with a sign.
        const INCREMENTAL_VALUES: i64 = i32::MIN as i64;
        let mut value = Vec::with_capacity(cookie.len() + 24);
        Writer::new(&mut value).nested(SEQUENCE, |out| {
            out.number(INTEGER, INCREMENTAL_VALUES);
            out.number(INTEGER, i64::from(i32::MAX));
            out.octets(cookie);
        });
        Self::raw(Self::CHANGES, Criticality::Critical, Some(value))
    }

    /// Show deleted objects too.
    pub fn show_deleted() -> Self {
        Self::raw(Self::SHOW_DELETED, Criticality::Critical, None)
    }

    /// Appends the control as it goes on the wire.
    pub(crate) fn write(&self, out: &mut Writer<'_>) {
        out.nested(SEQUENCE, |out| {
            out.octets(self.oid.as_bytes());
            if self.criticality == Criticality::Critical {
                out.boolean(BOOLEAN, true);
            }
            if let Some(value) = &self.value {
                out.octets(value);
            }
        });
    }
}

/// The value of the control with this OID among the controls of an answer; an absent value is empty.
pub fn find<'a>(controls: Reader<'a>, oid: &str) -> Result<Option<&'a [u8]>, BerError> {
    let mut controls = controls;
    while !controls.is_empty() {
        let mut control = controls.inside(SEQUENCE)?;
        let found = control.expect(OCTETS)?;
        control.optional(BOOLEAN)?;
        let value = control.optional(OCTETS)?;
        if found == oid.as_bytes() {
            return Ok(Some(value.unwrap_or_default()));
        }
    }
    Ok(None)
}

/// The cookie for the next page; none when the server did not answer in pages, empty after the last page.
pub fn paged_cookie(controls: Reader<'_>) -> Result<Option<&[u8]>, BerError> {
    let Some(value) = find(controls, Control::PAGED)? else {
        return Ok(None);
    };
    let mut value = Reader::new(value).inside(SEQUENCE)?;
    value.number(INTEGER)?;
    value.expect(OCTETS).map(Some)
}

/// What an answer says of changes: whether there are more, and the cookie to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesEnd<'a> {
    pub more: bool,
    pub cookie: &'a [u8],
}

/// How a page of changes ended; none when the server did not answer with changes.
pub fn changes_end(controls: Reader<'_>) -> Result<Option<ChangesEnd<'_>>, BerError> {
    let Some(value) = find(controls, Control::CHANGES)? else {
        return Ok(None);
    };
    let mut value = Reader::new(value).inside(SEQUENCE)?;
    let more = value.number(INTEGER)? != 0;
    value.number(INTEGER)?;
    let cookie = value.expect(OCTETS)?;
    Ok(Some(ChangesEnd { more, cookie }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_of_a_page_comes_back() {
        let mut out = Vec::new();
        Control::raw("1.2.3", Criticality::Optional, None).write(&mut Writer::new(&mut out));
        Control::paged(1000, b"next").write(&mut Writer::new(&mut out));
        assert_eq!(paged_cookie(Reader::new(&out)), Ok(Some(&b"next"[..])));
        assert_eq!(paged_cookie(Reader::new(&[])), Ok(None));
        assert!(paged_cookie(Reader::new(&[0x30, 9])).is_err());
    }

    #[test]
    fn the_end_of_a_page_of_changes_is_read() {
        let mut out = Vec::new();
        let mut value = Vec::new();
        Writer::new(&mut value).nested(SEQUENCE, |out| {
            out.number(INTEGER, 1);
            out.number(INTEGER, 0);
            out.octets(b"next");
        });
        Control::raw(Control::CHANGES, Criticality::Optional, Some(value)).write(&mut Writer::new(&mut out));
        let end = ChangesEnd {
            more: true,
            cookie: b"next",
        };
        assert_eq!(changes_end(Reader::new(&out)), Ok(Some(end)));
        assert_eq!(changes_end(Reader::new(&[])), Ok(None));
    }

    #[test]
    fn changes_are_asked_for_as_windows_wants_it() {
        let mut out = Vec::new();
        Control::changes(b"c").write(&mut Writer::new(&mut out));
        // The flags are four bytes, as of a number with a sign.
        assert!(out.windows(6).any(|bytes| bytes == [2, 4, 0x80, 0, 0, 0]));
    }
}
