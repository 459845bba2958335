//! How Windows says no: result codes and texts as its domain controllers send them. The text begins with the Windows
//! error in eight hexadecimal digits; the rest differs by version and is for people.

use ldap3_proto::proto::{LdapResult, LdapResultCode};

/// A result that is not a success.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    code: LdapResultCode,
    text: String,
}

impl Refusal {
    fn new(code: LdapResultCode, text: String) -> Self {
        Self { code, text }
    }

    /// As it goes on the wire. Windows ends its texts with a zero byte.
    pub(super) fn result(self) -> LdapResult {
        LdapResult {
            code: self.code,
            matcheddn: String::new(),
            message: format!("{}\0", self.text),
            referral: Vec::new(),
        }
    }

    /// The object, or what it is to be in, is not there.
    pub(super) fn no_object(base: &str) -> Self {
        let text = format!(
            "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{base}'\n"
        );
        Self::new(LdapResultCode::NoSuchObject, text)
    }

    /// A name that is to become a member belongs to nobody.
    pub(super) fn no_member() -> Self {
        Self::new(
            LdapResultCode::NoSuchObject,
            "00000525: NameErr: DSID-031A1202, problem 2001 (NO_OBJECT), data 0, best match of:\n\t''\n"
                .to_owned(),
        )
    }

    fn update(code: LdapResultCode, error: u32, problem: &str) -> Self {
        Self::new(
            code,
            format!("{error:08X}: UpdErr: DSID-031A11E2, problem {problem}, data 0\n"),
        )
    }

    fn service(code: LdapResultCode, error: u32, problem: &str) -> Self {
        Self::new(
            code,
            format!("{error:08X}: SvcErr: DSID-031A12D2, problem {problem}, data 0\n"),
        )
    }

    fn attribute(code: LdapResultCode, error: u32, problem: &str, name: &str) -> Self {
        let text = format!(
            "{error:08X}: AtrErr: DSID-03191083, #1:\n\t0: {error:08X}: DSID-03191083, problem {problem}, data 0, \
             Att 0 ({name})\n"
        );
        Self::new(code, text)
    }

    /// There is an object of that name.
    pub(super) fn name_taken() -> Self {
        Self::update(LdapResultCode::EntryAlreadyExists, 0x2071, "6005 (ENTRY_EXISTS)")
    }

    /// Somebody has that login name.
    pub(super) fn login_taken() -> Self {
        Self::update(LdapResultCode::EntryAlreadyExists, 0x0524, "6005 (ENTRY_EXISTS)")
    }

    /// Somebody has that principal name.
    pub(super) fn principal_taken() -> Self {
        Self::constraint(0x21c8, "userPrincipalName")
    }

    /// Already a member.
    pub(super) fn is_member() -> Self {
        Self::update(LdapResultCode::EntryAlreadyExists, 0x0562, "6005 (ENTRY_EXISTS)")
    }

    /// Not a member.
    pub(super) fn is_no_member() -> Self {
        Self::unwilling(0x0561)
    }

    /// There is something in it.
    pub(super) fn not_empty() -> Self {
        Self::update(
            LdapResultCode::NotAllowedOnNonLeaf,
            0x2015,
            "6003 (CANT_ON_NON_LEAF)",
        )
    }

    /// The server does not want to, for this Windows error.
    pub(super) fn unwilling(error: u32) -> Self {
        Self::service(
            LdapResultCode::UnwillingToPerform,
            error,
            "5003 (WILL_NOT_PERFORM)",
        )
    }

    /// The password breaks the policy, or there is none where one is needed.
    pub(super) fn password_policy() -> Self {
        Self::unwilling(0x052d)
    }

    /// A value breaks a rule.
    pub(super) fn constraint(error: u32, name: &str) -> Self {
        Self::attribute(
            LdapResultCode::ConstraintViolation,
            error,
            "1005 (CONSTRAINT_ATT_TYPE)",
            name,
        )
    }

    /// The schema has no such attribute.
    pub(super) fn unknown_attribute() -> Self {
        Self::new(
            LdapResultCode::NoSuchAttribute,
            "00000057: LdapErr: DSID-0C090D8A, comment: Error in attribute conversion operation, data 0, v4563"
                .to_owned(),
        )
    }

    /// The value to be taken away is not there.
    pub(super) fn no_value(name: &str) -> Self {
        Self::attribute(
            LdapResultCode::NoSuchAttribute,
            0x2085,
            "1001 (NO_ATTRIBUTE_OR_VAL)",
            name,
        )
    }

    /// The value to be added is there.
    pub(super) fn value_exists(name: &str) -> Self {
        Self::attribute(
            LdapResultCode::AttributeOrValueExists,
            0x2083,
            "1006 (ATT_OR_VALUE_EXISTS)",
            name,
        )
    }

    /// The name of an object changes by renaming only.
    pub(super) fn needs_rename() -> Self {
        let text = "00002016: UpdErr: DSID-031A1185, problem 6004 (CANT_ON_RDN), data 0\n";
        Self::new(LdapResultCode::NotALlowedOnRDN, text.to_owned())
    }

    /// No right.
    pub(super) fn no_right() -> Self {
        let text = "00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n";
        Self::new(LdapResultCode::InsufficentAccessRights, text.to_owned())
    }

    /// No right to replicate.
    pub(super) fn no_replication() -> Self {
        let text = "00002105: LdapErr: DSID-0C0907F2, comment: Error processing control, data 0, v4563";
        Self::new(LdapResultCode::InsufficentAccessRights, text.to_owned())
    }

    /// A control's value, such as the cookie of another controller, cannot be used.
    pub(super) fn bad_control() -> Self {
        let text = "00000057: LdapErr: DSID-0C0909BA, comment: Error processing control, data 0, v4563";
        Self::new(LdapResultCode::UnavailableCriticalExtension, text.to_owned())
    }

    /// Nobody has signed in.
    pub(super) fn anonymous() -> Self {
        let text = "000004DC: LdapErr: DSID-0C0907C2, comment: In order to perform this operation a successful bind \
                    must be completed on the connection., data 0, v4563";
        Self::new(LdapResultCode::OperationsError, text.to_owned())
    }

    /// The credentials are not accepted, for this reason.
    pub(super) fn credentials(data: &str) -> Self {
        let text = format!(
            "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v4563"
        );
        Self::new(LdapResultCode::InvalidCredentials, text)
    }

    /// Too much to do.
    pub(super) fn busy() -> Self {
        Self::service(LdapResultCode::Busy, 0x200e, "5001 (BUSY)")
    }

    /// Going down or coming up.
    pub(super) fn unavailable() -> Self {
        Self::service(LdapResultCode::Unavailable, 0x200f, "5002 (UNAVAILABLE)")
    }

    /// Nothing of the kind is known here.
    pub(super) fn protocol() -> Self {
        let text = "0000203D: LdapErr: DSID-0C0907C2, comment: Unknown extended request OID, data 0, v4563";
        Self::new(LdapResultCode::ProtocolError, text.to_owned())
    }
}

/// How an operation ends that went well.
pub(super) fn success() -> LdapResult {
    LdapResult {
        code: LdapResultCode::Success,
        matcheddn: String::new(),
        message: String::new(),
        referral: Vec::new(),
    }
}

/// How a search ends that found more than is given at once.
pub(super) fn size_limit() -> LdapResult {
    LdapResult {
        code: LdapResultCode::SizeLimitExceeded,
        ..success()
    }
}
