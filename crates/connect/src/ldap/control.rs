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
}
