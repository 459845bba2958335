//! The tables behind `codes`: bind data, Windows errors and result codes with their meanings. The first row that fits
//! counts, so that rows for one thing being done stand before those for any.

use super::codes::Doing;

/// Whether the server's own words are shown beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// They name the attribute or value that ours cannot.
    Shown,
    /// Ours say it all.
    Hidden,
}

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    pub(super) says: &'static str,
    pub(super) hint: &'static str,
    pub(super) words: Words,
}

/// A row for the `data` of a refused bind (a Windows error).
pub(super) struct BindRow {
    pub(super) data: u32,
    pub(super) meaning: Meaning,
}

/// A row for a Windows error, with the result code and the thing being done where these matter.
pub(super) struct WindowsRow {
    pub(super) error: u32,
    pub(super) code: Option<u32>,
    pub(super) doing: Option<Doing>,
    pub(super) meaning: Meaning,
}

/// A row for a result code, with the thing being done where it matters.
pub(super) struct CodeRow {
    pub(super) code: u32,
    pub(super) doing: Option<Doing>,
    pub(super) meaning: Meaning,
}

const fn hidden(says: &'static str, hint: &'static str) -> Meaning {
    Meaning {
        says,
        hint,
        words: Words::Hidden,
    }
}
const fn shown(says: &'static str, hint: &'static str) -> Meaning {
    Meaning {
        says,
        hint,
        words: Words::Shown,
    }
}
const fn data(data: u32, says: &'static str, hint: &'static str) -> BindRow {
    BindRow {
        data,
        meaning: hidden(says, hint),
    }
}
const fn any(error: u32, meaning: Meaning) -> WindowsRow {
    WindowsRow {
        error,
        code: None,
        doing: None,
        meaning,
    }
}
const fn when(error: u32, doing: Doing, meaning: Meaning) -> WindowsRow {
    WindowsRow {
        error,
        code: None,
        doing: Some(doing),
        meaning,
    }
}
const fn code(code: u32, meaning: Meaning) -> CodeRow {
    CodeRow {
        code,
        doing: None,
        meaning,
    }
}
const fn code_when(code: u32, doing: Doing, meaning: Meaning) -> CodeRow {
    CodeRow {
        code,
        doing: Some(doing),
        meaning,
    }
}

const CREDENTIALS: &str = "Check `bind` in the directory's document and the secret it names.";
const PASSWORD_POLICY: Meaning = hidden(
    "the password does not meet the domain's policy",
    "Make `length` in the template's password rule at least the domain's minimum, leave all kinds of characters in, and mind that passwords used before count.",
);
const OLD_PASSWORD: Meaning = hidden("the old password is not right", "");
const NAME_TAKEN: Meaning = shown(
    "the name is already taken",
    "Another object has this login name. Add fall-backs to the name's formats in the template.",
);
const DN_TAKEN: Meaning = hidden(
    "there is an object of this name already",
    "Correlate the account that is there, or add fall-backs to the common name's formats in the template.",
);
const NO_CONTAINER: Meaning = hidden(
    "the container does not exist",
    "Create the organizational unit, or correct the template's container.",
);
const NO_OBJECT: Meaning = hidden(
    "the object does not exist",
    "It was deleted or moved meanwhile. Run again.",
);
const NO_REFERENCE: Meaning = shown(
    "an object that is referred to does not exist",
    "A manager, member or other reference points to an object that was deleted or moved.",
);
const NO_RIGHTS: Meaning = shown(
    "the account that Tenure signs in with may not do this",
    "Give it the rights on this container, or the attributes, that the action needs.",
);
const NO_ATTRIBUTE_TYPE: Meaning = shown(
    "the directory's schema has no such attribute",
    "Check the spelling in the mapping. Attributes of Exchange (`msExch…`, `mailNickname`) and of Skype for Business \
     (`msRTCSIP-…`) come with their extensions of the schema.",
);
const ENCRYPTION: Meaning = hidden(
    "the server takes this on an encrypted connection only",
    "Use an `ldaps://` URL or `start_tls: true` in the directory's document.",
);
const SIGN_IN_FIRST: Meaning = hidden("the server wants a sign-in first", CREDENTIALS);
const PRIMARY_GROUP: Meaning = hidden(
    "the group is the account's primary group",
    "Make another group the primary group first, or leave this one out of the step.",
);
const IN_GROUP: Meaning = hidden("the account is a member already", "");
const NOT_IN_GROUP: Meaning = hidden("the account is not a member", "");
const SERVER_OWN: Meaning = shown(
    "the server does not allow this to be written",
    "It keeps the attribute itself, or wants another operation for it. Take it out of the mapping.",
);

pub(super) const BIND_DATA: &[BindRow] = &[
    data(0x525, "the name or the password is wrong", CREDENTIALS),
    data(0x52e, "the name or the password is wrong", CREDENTIALS),
    data(
        0x52f,
        "the account may not sign in this way",
        "Look at the account's restrictions.",
    ),
    data(
        0x530,
        "the account may not sign in at this hour",
        "Look at the account's logon hours.",
    ),
    data(
        0x531,
        "the account may not sign in from here",
        "Look at the account's workstations.",
    ),
    data(
        0x532,
        "the password has expired",
        "Change it and set the secret anew with `tenure secret set`.",
    ),
    data(
        0x533,
        "the account is disabled",
        "Enable it, or use another account for Tenure.",
    ),
    data(
        0x568,
        "the account is in too many groups to sign in",
        "Take it out of some.",
    ),
    data(
        0x701,
        "the account has expired",
        "Change its expiry date, or use another account for Tenure.",
    ),
    data(
        0x773,
        "the password must be changed first",
        "Change it and set the secret anew with `tenure secret set`.",
    ),
    data(
        0x775,
        "the account is locked",
        "Unlock it, and see that the secret holds its password.",
    ),
];

pub(super) const BY_WINDOWS_ERROR: &[WindowsRow] = &[
    any(0x052d, PASSWORD_POLICY),
    any(0x0056, OLD_PASSWORD),
    any(
        0x001f,
        hidden(
            "the server takes passwords on an encrypted connection only",
            "Use an `ldaps://` URL or `start_tls: true` in the directory's document.",
        ),
    ),
    any(0x2071, NAME_TAKEN),
    any(0x0524, NAME_TAKEN),
    any(
        0x0523,
        shown(
            "the login name has characters or a length that the domain does not allow",
            "A sAMAccountName has at most 20 characters and none of \" / \\ [ ] : ; | = , + * ? < > @.",
        ),
    ),
    any(
        0x21c8,
        hidden(
            "the userPrincipalName is already in use in the forest",
            "Add fall-backs to its formats in the template.",
        ),
    ),
    any(
        0x21c7,
        hidden(
            "the servicePrincipalName is already in use in the forest",
            "Take it off the other object first.",
        ),
    ),
    any(
        0x202f,
        shown(
            "a value breaks one of the domain's rules",
            "It may be in use by another object, have characters that are not allowed, be kept by the server itself, or be one too many.",
        ),
    ),
    when(0x2030, Doing::Create, NO_CONTAINER),
    when(0x208d, Doing::Create, NO_CONTAINER),
    when(0x208d, Doing::Move, NO_CONTAINER),
    any(0x2030, NO_OBJECT),
    any(0x208d, NO_OBJECT),
    any(0x2089, NO_CONTAINER),
    when(0x2095, Doing::Move, NO_CONTAINER),
    any(0x200a, NO_ATTRIBUTE_TYPE),
    any(0x0057, NO_ATTRIBUTE_TYPE),
    any(
        0x200b,
        shown(
            "a value is too long or not of the form that its attribute has",
            "Shorten it, or correct its format in the mapping.",
        ),
    ),
    any(
        0x2082,
        shown(
            "a value is longer or shorter than its attribute allows",
            "Shorten it in the mapping, for example with `truncate`.",
        ),
    ),
    any(
        0x200d,
        shown(
            "the attribute can have one value only, or has the value already",
            "Map one value only, for example with `first`.",
        ),
    ),
    any(0x2083, shown("the attribute has the value already", "")),
    any(
        0x2081,
        shown(
            "the attribute can have one value only",
            "Map one value only, for example with `first`.",
        ),
    ),
    any(0x0525, NO_REFERENCE),
    any(0x20b5, NO_REFERENCE),
    any(0x055e, PRIMARY_GROUP),
    any(0x0562, IN_GROUP),
    any(0x0528, IN_GROUP),
    any(0x0561, NOT_IN_GROUP),
    any(0x0529, NOT_IN_GROUP),
    any(0x2035, SERVER_OWN),
    any(0x209a, SERVER_OWN),
    any(0x20b1, SERVER_OWN),
    any(
        0x2016,
        hidden(
            "the attribute is part of the object's name",
            "Rename the account with a `move` step instead of mapping this attribute.",
        ),
    ),
    any(0x2098, NO_RIGHTS),
    any(0x0005, NO_RIGHTS),
    any(
        0x2015,
        hidden("the object has others below it", "Delete what is below it first."),
    ),
    any(
        0x207d,
        shown(
            "an attribute that the object must have is missing",
            "Map it, or give it a value in the template.",
        ),
    ),
    any(
        0x2014,
        shown(
            "the attributes do not fit the object's classes",
            "Check the spelling in the mapping, and the object classes.",
        ),
    ),
    any(
        0x202b,
        hidden(
            "the object is in another domain",
            "Add a directory for that domain.",
        ),
    ),
    any(
        0x202c,
        hidden("the server does not know a control, or not its value", ""),
    ),
    any(
        0x20b9,
        hidden(
            "the server finds the filter too complex",
            "Simplify `filter` in the directory's document.",
        ),
    ),
    any(0x2020, SIGN_IN_FIRST),
    any(0x04dc, SIGN_IN_FIRST),
    any(0x200e, hidden("the server is too busy", "Try again later.")),
    any(0x200f, hidden("the server is not ready", "Try again later.")),
];

pub(super) const BY_CODE: &[CodeRow] = &[
    code(
        1,
        shown(
            "the server could not carry this out in the connection's state",
            CREDENTIALS,
        ),
    ),
    code(2, shown("the server did not understand the request", "")),
    code(
        3,
        hidden(
            "the server's time limit was reached",
            "Raise it for the account that Tenure signs in with, or narrow the base.",
        ),
    ),
    code(
        4,
        hidden(
            "the server's size limit was reached",
            "Raise it for the account that Tenure signs in with, or set a smaller `page_size`.",
        ),
    ),
    code(
        7,
        hidden("the server does not take a sign-in with name and password", ""),
    ),
    code(8, ENCRYPTION),
    code(
        10,
        hidden("the object is kept by another server", "Use that server's URL."),
    ),
    code(
        11,
        hidden(
            "a limit set by the server's administrator was reached",
            "Raise it for the account that Tenure signs in with, or set a smaller `page_size`.",
        ),
    ),
    code(
        12,
        hidden("the server does not know a control, or not its value", ""),
    ),
    code(13, ENCRYPTION),
    code_when(
        16,
        Doing::RemoveMember,
        hidden(
            "the account is not a member, or the group is its primary group",
            "Make another group the primary group first, or leave this one out of the step.",
        ),
    ),
    code(
        16,
        shown(
            "the attribute, or the value that was to go, is not there",
            "It was changed meanwhile, or the schema has no such attribute. Run again.",
        ),
    ),
    code(17, NO_ATTRIBUTE_TYPE),
    code(18, shown("values of the attribute cannot be compared", "")),
    code(
        19,
        shown(
            "a value breaks a rule of the directory",
            "It may be too long, in use by another object, one too many, or a password that the policy forbids.",
        ),
    ),
    code_when(20, Doing::AddMember, IN_GROUP),
    code(
        20,
        shown(
            "the attribute has the value already, or can have one only",
            "Map one value only, for example with `first`.",
        ),
    ),
    code(
        21,
        shown(
            "a value is too long, empty, or not of the form that its attribute has",
            "Correct its format in the mapping.",
        ),
    ),
    code_when(32, Doing::Create, NO_CONTAINER),
    code_when(32, Doing::Move, NO_CONTAINER),
    code_when(
        32,
        Doing::AddMember,
        hidden(
            "the group does not exist",
            "Create it, or correct its name in the step.",
        ),
    ),
    code_when(
        32,
        Doing::RemoveMember,
        hidden("the group does not exist", "Correct its name in the step."),
    ),
    code_when(
        32,
        Doing::Read,
        hidden(
            "the object or search base does not exist",
            "Check `base` in the directory's document.",
        ),
    ),
    code(32, NO_OBJECT),
    code(
        34,
        shown(
            "a distinguished name is not well formed",
            "Check the names in the template.",
        ),
    ),
    code(48, hidden("the account may not sign in this way", CREDENTIALS)),
    code(49, hidden("the name or the password is wrong", CREDENTIALS)),
    code(50, NO_RIGHTS),
    code(51, hidden("the server is too busy", "Try again later.")),
    code(52, hidden("the server is not ready", "Try again later.")),
    code_when(53, Doing::RemoveMember, NOT_IN_GROUP),
    code(53, shown("the server is not willing to do this", "")),
    code(
        64,
        shown(
            "the object may not have this name here",
            "Check the container and the first part of the name.",
        ),
    ),
    code(
        65,
        shown(
            "the attributes do not fit the object's classes",
            "An attribute is missing that they ask for, or not among those that they allow. Check `object_classes` and the mapping.",
        ),
    ),
    code(
        66,
        hidden("the object has others below it", "Delete what is below it first."),
    ),
    code(
        67,
        hidden(
            "the attribute is part of the object's name",
            "Rename the account with a `move` step instead of mapping this attribute.",
        ),
    ),
    code_when(68, Doing::AddMember, IN_GROUP),
    code(68, DN_TAKEN),
    code(69, shown("the object's class cannot be changed", "")),
    code(
        71,
        hidden(
            "the new place is kept by another server",
            "Move within one server's naming context.",
        ),
    ),
    code(
        80,
        shown(
            "the server failed without saying why",
            "Look into the server's log. Built-in and protected objects end like this too.",
        ),
    ),
];
