//! Names of attributes: how they are written, and whether anything gives them a value.

use super::super::error::closest;
use super::super::named::{NamedFormat, is_name};
use super::Checker;
use super::texts::Secrets;
use crate::attribute::AttributeName;

/// Whether a name is well-formed: a short name (RFC 4512, section 1.4) or an object identifier.
fn is_attribute_name(name: &str) -> bool {
    let short = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let identifier = name.contains('.')
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    short || identifier
}

impl Checker<'_> {
    pub(super) fn named_format(&mut self, format: &NamedFormat) {
        let name = &format.name;
        if !is_name(name) {
            let hint = "others call it `formats.NAME`: write letters, digits and underscores";
            self.error("name", format!("`{name}`, which others cannot call"), hint);
        }
        self.format("format", &format.format, Secrets::Refused);
    }

    pub(super) fn attribute(&mut self, path: &str, name: &AttributeName) {
        if !is_attribute_name(name.as_str()) {
            let hint =
                "write the LDAP name of an attribute: letters, digits and hyphens, for example `givenName`";
            self.error(path, format!("`{name}`, which cannot name an attribute"), hint);
        }
    }

    /// Says which of the names that an expression reads are not among the `known` ones. `given` says by what they
    /// would be given, for example ``data_source `people` ``.
    pub(super) fn known<'n>(
        &mut self,
        path: &str,
        names: impl IntoIterator<Item = &'n str>,
        known: &[&AttributeName],
        given: &str,
    ) {
        for name in names {
            if known.iter().any(|known| known.is(name)) {
                continue;
            }
            let hint = match closest(name, known.iter().map(|known| known.as_str())) {
                Some(likely) => format!("did you mean `{likely}`?"),
                None => format!("map it in `attributes` of {given}"),
            };
            self.warning(path, format!("`{name}`, to which {given} gives no value"), hint);
        }
    }
}
