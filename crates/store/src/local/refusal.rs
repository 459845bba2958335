//! Why the local directory says no, with the result codes of LDAP (RFC 4511, appendix A).

use tenure_core::dn::Dn;
use tenure_core::outcome::{Outcome, Refusal};

use super::account::{Name, written};

fn refused(code: &str, message: String, hint: &str) -> Outcome {
    Outcome::Refused(Refusal {
        code: code.to_owned(),
        message,
        hint: hint.to_owned(),
    })
}

pub(super) fn no_target() -> Outcome {
    refused(
        "32 noSuchObject",
        "the write names no account".to_owned(),
        "Make a new plan.",
    )
}

pub(super) fn no_account(id: &str) -> Outcome {
    refused(
        "32 noSuchObject",
        format!("there is no account with the id {id} in this directory"),
        "It was deleted meanwhile. Make a new plan.",
    )
}

pub(super) fn no_name(why: String) -> Outcome {
    refused(
        "34 invalidDNSyntax",
        why,
        "Correct the name or container in the template.",
    )
}

pub(super) fn outside(dn: &Dn, base: &Dn) -> Outcome {
    refused(
        "32 noSuchObject",
        format!("{dn} is not below {base}, which is the directory's base"),
        "Correct the container in the template, or the directory's base.",
    )
}

pub(super) fn exists(dn: &Dn) -> Outcome {
    refused(
        "68 entryAlreadyExists",
        format!("there is an account at {dn} already"),
        "Link that account if it is this person's; otherwise give the template another name to fall back on.",
    )
}

pub(super) fn taken(name: &Name, value: &str, holder: &str) -> Outcome {
    refused(
        "19 constraintViolation",
        format!("{} `{value}` is taken by {holder}", written(name.attribute)),
        "Make a new plan, which knows of it, or give the template another value to fall back on.",
    )
}

pub(super) fn membership() -> Outcome {
    refused(
        "53 unwillingToPerform",
        "memberOf is not set on an account".to_owned(),
        "Use the actions add_to_groups and remove_from_groups.",
    )
}
