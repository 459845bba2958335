//! What Graph says no with, in an administrator's words.

use reqwest::StatusCode;
use serde_json::Value as Json;
use tenure_core::outcome::{Outcome, Refusal};
use tenure_core::seams::{DirectoryError, SourceError};

use crate::http::excerpt;

/// How much of what Graph says is shown, in characters.
const SHOWN: usize = 300;

/// A request that came to nothing.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// The status; none when there was no answer at all.
    pub(super) status: Option<u16>,
    /// Graph's own message.
    pub(super) said: String,
    /// What it means.
    pub(super) refusal: Refusal,
}

/// Words of an answer, what they mean, and what to do. The first line of which code and words are found holds.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    (
        "Authorization_RequestDenied",
        "",
        "the application that Tenure signs in as may not do this",
        "Give it the permission that docs/microsoft-365.md lists, with an administrator's consent; for users with \
         administrators' roles it needs a role of its own too.",
    ),
    (
        "",
        "userPrincipalName already exists",
        "another user has this `userPrincipalName`",
        "Give the template another format for it, or correlate the person with that user.",
    ),
    (
        "",
        "proxyAddresses already exists",
        "another object has this address",
        "Look for it among users, groups and contacts, and among deleted users.",
    ),
    (
        "",
        "already exists",
        "another object has the same value",
        "Look for it among users, groups and contacts, and among deleted users.",
    ),
    (
        "",
        "password complexity",
        "the password does not meet the tenant's policy",
        "Make the template's password longer, or leave other characters out of `avoid`.",
    ),
    (
        "",
        "password does not comply",
        "the password does not meet the tenant's policy",
        "Make the template's password longer, or leave other characters out of `avoid`.",
    ),
    (
        "",
        "on-premises mastered",
        "the user is synchronized from Active Directory, and can only be changed there",
        "Use a directory of `type: active_directory` for this, or leave such users out by `filter`.",
    ),
    (
        "",
        "domain portion",
        "the domain after the `@` is none of the tenant's verified domains",
        "Use one of the domains that the tenant has, in the template's `userPrincipalName`.",
    ),
    (
        "",
        "invalid usage location",
        "a user without a country cannot have licences",
        "Map `usageLocation`, or name a country as `usage_location` in the directory's document.",
    ),
    (
        "",
        "inherited from a group",
        "the licence comes with a group, and goes when the account leaves that",
        "Take the account out of the group that gives the licence.",
    ),
    (
        "Directory_QuotaExceeded",
        "",
        "the tenant has as many objects as it may have",
        "Delete for good what is no longer needed, or ask Microsoft for more; one verified domain gives 300,000.",
    ),
    (
        "Request_ResourceNotFound",
        "",
        "there is no such object any more",
        "Run again, so that the directory is read anew.",
    ),
    (
        "MailboxNotEnabledForRESTAPI",
        "",
        "the account has no mailbox in Exchange Online",
        "Assign a licence with a mailbox first.",
    ),
    (
        "MailboxNotFound",
        "",
        "the account has no mailbox in Exchange Online",
        "Assign a licence with a mailbox first.",
    ),
];

impl Fault {
    /// What an answer that is no success means.
    pub(super) fn of(status: u16, body: &Json) -> Self {
        let error = &body["error"];
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let code = text(&error["code"]);
        let message = match &error["message"] {
            // Some services put a text with its language there.
            Json::Object(both) => both.get("value").map(text).unwrap_or_default(),
            other => text(other),
        };
        let said = excerpt(message.as_bytes(), SHOWN);
        let found = KNOWN.iter().find(|(wanted, words, ..)| {
            (wanted.is_empty() || code.eq_ignore_ascii_case(wanted))
                && said.to_lowercase().contains(&words.to_lowercase())
        });
        let (message, hint) = match found {
            Some((_, _, message, hint)) => ((*message).to_owned(), (*hint).to_owned()),
            None => (unknown(status, &said), general(status).to_owned()),
        };
        Self {
            status: Some(status),
            refusal: Refusal {
                code: format!("{status} {code}").trim_end().to_owned(),
                message,
                hint,
            },
            said,
        }
    }

    /// An exchange without an answer that could be judged.
    pub(super) fn lost(error: &SourceError) -> Self {
        Self {
            status: None,
            said: error.said.clone(),
            refusal: Refusal {
                code: String::new(),
                message: error.to_string(),
                hint: error.hint.clone(),
            },
        }
    }

    /// An answer that does not have in it what it should.
    pub(super) fn unreadable(what: &str) -> Self {
        Self {
            status: None,
            said: what.to_owned(),
            refusal: Refusal {
                code: String::new(),
                message: format!("the answer cannot be read: {what}"),
                hint: "Check that `addresses.graph` is Microsoft Graph; try again later.".to_owned(),
            },
        }
    }

    /// Whether the object is not there.
    pub(super) fn is_missing(&self) -> bool {
        self.status == Some(404)
    }

    /// Whether Graph says that it no longer knows what changed since then.
    pub(super) fn is_forgotten(&self) -> bool {
        let says = |word: &str| self.refusal.code.to_lowercase().contains(word);
        self.status == Some(410) || says("syncstatenotfound") || says("resyncrequired")
    }

    /// The end of a write that was answered with this. What may go well another time has failed, the rest is refused.
    pub(super) fn into_outcome(self) -> Outcome {
        match self.status {
            None | Some(401 | 408 | 409 | 423 | 424 | 429 | 500..) => Outcome::Failed(self.refusal),
            Some(_) => Outcome::Refused(self.refusal),
        }
    }

    /// As the end of a reading.
    pub(super) fn while_doing(self, doing: impl Into<String>) -> DirectoryError {
        let Refusal { hint, .. } = self.refusal.clone();
        DirectoryError {
            doing: doing.into(),
            said: self.refusal.to_string(),
            hint,
        }
    }
}

fn unknown(status: u16, said: &str) -> String {
    if !said.is_empty() {
        return said.to_owned();
    }
    let name = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    name.unwrap_or("an answer without a reason").to_owned()
}

fn general(status: u16) -> &'static str {
    match status {
        401 => "Set the application's secret again with `tenure secret set`; it may have ended.",
        403 => "Give the application the permission that docs/microsoft-365.md lists.",
        404 => "Run again, so that the directory is read anew.",
        429 => "Microsoft asks for fewer requests; run again later, or lower `connections`.",
        500.. => "The service is in trouble itself; run again later.",
        _ => "",
    }
}

/// A refusal of our own, without a code.
pub(super) fn refusal(message: impl Into<String>, hint: &str) -> Refusal {
    Refusal {
        code: String::new(),
        message: message.into(),
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(status: u16, code: &str, message: &str) -> Refusal {
        Fault::of(status, &json!({ "error": { "code": code, "message": message } })).refusal
    }

    #[test]
    fn what_is_known_is_translated_and_the_rest_is_told_as_it_is() {
        let name = "Another object with the same value for property userPrincipalName already exists.";
        let refusal = told(400, "Request_BadRequest", name);
        assert_eq!(
            refusal.to_string(),
            "another user has this `userPrincipalName` (400 Request_BadRequest)"
        );
        let denied = told(403, "Authorization_RequestDenied", "Insufficient privileges");
        assert!(denied.hint.contains("permission"), "{denied:?}");
        let odd = told(400, "Odd", "Something  odd\nhappened");
        assert_eq!(
            (odd.to_string().as_str(), odd.hint.as_str()),
            ("Something odd happened (400 Odd)", "")
        );
        assert_eq!(told(503, "", "").to_string(), "Service Unavailable (503)");
    }

    #[test]
    fn what_may_pass_has_failed_and_the_rest_is_refused() {
        for status in [429, 500, 503, 409] {
            let outcome = Fault::of(status, &Json::Null).into_outcome();
            assert!(matches!(outcome, Outcome::Failed(_)), "{status}");
        }
        for status in [400, 403, 404] {
            let outcome = Fault::of(status, &Json::Null).into_outcome();
            assert!(matches!(outcome, Outcome::Refused(_)), "{status}");
        }
    }
}
