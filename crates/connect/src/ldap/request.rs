//! What is asked of a server (RFC 4511, section 4): operations, and how they go on the wire.

use std::fmt;

use tenure_core::secret::Secret;

use super::ber::{BOOLEAN, ENUMERATED, INTEGER, SEQUENCE, SET, Writer, context, context_constructed};
use super::control::Control;
use super::filter::Filter;

/// The number by which an answer is known to belong to a request. 0 is the server's own.
pub type MessageId = u32;

/// How far below its base a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// At the base alone.
    Base,
    /// At the base's children.
    Children,
    /// At the base and everything below.
    Subtree,
}

/// A search (RFC 4511, section 4.5.1). Aliases are not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Where it starts.
    pub base: String,
    /// How far down it looks.
    pub scope: Scope,
    /// What entries have to be like.
    pub filter: Filter,
    /// Which attributes come back; none asks for all user attributes.
    pub attributes: Vec<String>,
}

impl Search {
    /// Asks for one object, by its name.
    pub fn object(base: &str, attributes: Vec<String>) -> Self {
        Self {
            base: base.to_owned(),
            scope: Scope::Base,
            filter: Filter::everything(),
            attributes,
        }
    }
}

/// An attribute with the values that it is to have, in the server's own form.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<Vec<u8>>,
}

impl Attribute {
    /// An attribute with one value.
    pub fn single(name: &str, value: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.to_owned(),
            values: vec![value.as_ref().to_vec()],
        }
    }
}

/// Values are not shown; one may be a password.
impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.values.len();
        write!(
            f,
            "{} ({count} value{})",
            self.name,
            if count == 1 { "" } else { "s" }
        )
    }
}

/// What happens to the values of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// They come to those that are there.
    Add,
    /// They go; of none given, all do.
    Delete,
    /// They come in place of all that are there; none given removes the attribute.
    Replace,
}

/// One change of a modification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happens.
    pub kind: ChangeKind,
    /// To which attribute, with which values.
    pub attribute: Attribute,
}

/// An operation, with what it needs.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Say who we are, by name and password (section 4.2).
    Bind {
        /// A distinguished name, or what else the server takes (Active Directory: `user@domain`).
        name: String,
        /// The password; an empty one would be an anonymous bind.
        password: Secret,
    },
    /// Say goodbye (section 4.3). There is no answer.
    Unbind,
    /// Look for entries.
    Search(Search),
    /// Change an entry (section 4.6).
    Modify {
        /// Which entry.
        dn: String,
        /// The changes, all or none of which are carried out.
        changes: Vec<Change>,
    },
    /// Add an entry (section 4.7).
    Add {
        /// Its name.
        dn: String,
        /// Its attributes.
        attributes: Vec<Attribute>,
    },
    /// Delete an entry (section 4.8).
    Delete {
        /// Which entry.
        dn: String,
    },
    /// Rename or move an entry (section 4.9). The old name's value goes.
    ModifyDn {
        /// Which entry.
        dn: String,
        /// The first part of its new name.
        new_rdn: String,
        /// What it will be below; none leaves it where it is.
        new_superior: Option<String>,
    },
    /// Go on under TLS (section 4.14).
    StartTls,
    /// Set a password the server's own way (RFC 3062): it hashes it and applies its policy.
    SetPassword {
        /// Whose.
        dn: String,
        /// The new password.
        password: Secret,
    },
}

/// OID of `StartTLS` (RFC 4511, section 4.14).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// OID of the Password Modify operation (RFC 3062).
const PASSWORD_MODIFY: &[u8] = b"1.3.6.1.4.1.4203.1.11.1";

/// A request: an operation and its controls.
#[derive(Clone, Debug)]
pub struct Request {
    /// The operation.
    pub operation: Operation,
    /// What is asked for beside it.
    pub controls: Vec<Control>,
}

impl From<Operation> for Request {
    fn from(operation: Operation) -> Self {
        Self {
            operation,
            controls: Vec::new(),
        }
    }
}

impl From<Search> for Request {
    fn from(search: Search) -> Self {
        Operation::Search(search).into()
    }
}

impl Request {
    /// Appends the request as it goes on the wire.
    pub fn write(&self, id: MessageId, out: &mut Vec<u8>) {
        Writer::new(out).nested(SEQUENCE, |out| {
            out.number(INTEGER, i64::from(id));
            self.operation.write(out);
            if !self.controls.is_empty() {
                out.nested(context_constructed(0), |out| {
                    for control in &self.controls {
                        control.write(out);
                    }
                });
            }
        });
    }
}

const fn application(number: u8) -> u8 {
    0x60 | number
}
const fn application_primitive(number: u8) -> u8 {
    0x40 | number
}

impl Operation {
    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Bind { name, password } => out.nested(application(0), |out| {
                out.number(INTEGER, 3);
                out.octets(name.as_bytes());
                out.bytes(context(0), password.expose().as_bytes());
            }),
            Self::Unbind => out.bytes(application_primitive(2), &[]),
            Self::Search(search) => out.nested(application(3), |out| write_search(search, out)),
            Self::Modify { dn, changes } => out.nested(application(6), |out| {
                out.octets(dn.as_bytes());
                out.nested(SEQUENCE, |out| {
                    for change in changes {
                        write_change(change, out);
                    }
                });
            }),
            Self::Add { dn, attributes } => out.nested(application(8), |out| {
                out.octets(dn.as_bytes());
                out.nested(SEQUENCE, |out| {
                    for one in attributes {
                        write_attribute(one, out);
                    }
                });
            }),
            Self::Delete { dn } => out.bytes(application_primitive(10), dn.as_bytes()),
            Self::ModifyDn {
                dn,
                new_rdn,
                new_superior,
            } => out.nested(application(12), |out| {
                out.octets(dn.as_bytes());
                out.octets(new_rdn.as_bytes());
                out.boolean(BOOLEAN, true);
                if let Some(above) = new_superior {
                    out.bytes(context(0), above.as_bytes());
                }
            }),
            Self::StartTls => out.nested(application(23), |out| out.bytes(context(0), START_TLS)),
            Self::SetPassword { dn, password } => out.nested(application(23), |out| {
                out.bytes(context(0), PASSWORD_MODIFY);
                let mut value = Vec::new();
                Writer::new(&mut value).nested(SEQUENCE, |out| {
                    out.bytes(context(0), dn.as_bytes());
                    out.bytes(context(2), password.expose().as_bytes());
                });
                out.bytes(context(1), &value);
            }),
        }
    }
}

fn write_search(search: &Search, out: &mut Writer<'_>) {
    out.octets(search.base.as_bytes());
    let scope = match search.scope {
        Scope::Base => 0,
        Scope::Children => 1,
        Scope::Subtree => 2,
    };
    out.number(ENUMERATED, scope);
    // Aliases are never followed, no limits of ours, and values come along.
    out.number(ENUMERATED, 0);
    out.number(INTEGER, 0);
    out.number(INTEGER, 0);
    out.boolean(BOOLEAN, false);
    search.filter.write(out);
    out.nested(SEQUENCE, |out| {
        search
            .attributes
            .iter()
            .for_each(|name| out.octets(name.as_bytes()));
    });
}

fn write_change(change: &Change, out: &mut Writer<'_>) {
    let kind = match change.kind {
        ChangeKind::Add => 0,
        ChangeKind::Delete => 1,
        ChangeKind::Replace => 2,
    };
    out.nested(SEQUENCE, |out| {
        out.number(ENUMERATED, kind);
        write_attribute(&change.attribute, out);
    });
}

fn write_attribute(attribute: &Attribute, out: &mut Writer<'_>) {
    out.nested(SEQUENCE, |out| {
        out.octets(attribute.name.as_bytes());
        out.nested(SET, |out| {
            for value in &attribute.values {
                out.octets(value);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(request: &Request) -> Vec<u8> {
        let mut out = Vec::new();
        request.write(2, &mut out);
        out
    }

    #[test]
    fn a_bind_looks_as_the_standard_says() {
        let bind = Operation::Bind {
            name: "cn=a".into(),
            password: Secret::new("pw".into()),
        };
        assert_eq!(
            wire(&bind.into()),
            b"\x30\x12\x02\x01\x02\x60\x0d\x02\x01\x03\x04\x04cn=a\x80\x02pw"
        );
    }

    #[test]
    fn operations_without_contents_are_primitive() {
        assert_eq!(wire(&Operation::Unbind.into()), b"\x30\x05\x02\x01\x02\x42\x00");
        assert_eq!(
            wire(&Operation::Delete { dn: "a=b".into() }.into()),
            b"\x30\x08\x02\x01\x02\x4a\x03a=b"
        );
    }

    #[test]
    fn what_is_shown_never_has_the_values() {
        let password = Attribute::single("unicodePwd", "hush");
        let add = Operation::Add {
            dn: "cn=a".into(),
            attributes: vec![password],
        };
        assert_eq!(
            format!("{add:?}"),
            r#"Add { dn: "cn=a", attributes: [unicodePwd (1 value)] }"#
        );
    }
}
