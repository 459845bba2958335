//! What the domain knows of attributes: which there are, which have several values, and which only the server writes.

use super::refusal::Refusal;

/// Attributes that may have several values.
const SEVERAL: [&str; 14] = [
    "objectclass",
    "member",
    "othertelephone",
    "othermobile",
    "otherhomephone",
    "otheripphone",
    "otherpager",
    "otherfacsimiletelephonenumber",
    "othermailbox",
    "proxyaddresses",
    "serviceprincipalname",
    "showinaddressbook",
    "url",
    "postofficebox",
];

/// Attributes with one value, and how many characters it may have.
const SINGLE: [(&str, usize); 56] = [
    ("accountexpires", 20),
    ("admincount", 10),
    ("c", 3),
    ("co", 128),
    ("comment", 1024),
    ("company", 64),
    ("countrycode", 10),
    ("department", 64),
    ("departmentnumber", 256),
    ("description", 1024),
    ("displayname", 256),
    ("division", 256),
    ("employeeid", 16),
    ("employeenumber", 512),
    ("employeetype", 256),
    ("extensionattribute1", 1024),
    ("extensionattribute2", 1024),
    ("extensionattribute3", 1024),
    ("facsimiletelephonenumber", 64),
    ("givenname", 64),
    ("grouptype", 12),
    ("homedirectory", 1024),
    ("homedrive", 3),
    ("homephone", 64),
    ("info", 1024),
    ("initials", 6),
    ("ipphone", 64),
    ("iscriticalsystemobject", 5),
    ("jpegphoto", 102_400),
    ("l", 128),
    ("lockouttime", 20),
    ("mail", 256),
    ("mailnickname", 64),
    ("manager", 1024),
    ("middlename", 64),
    ("mobile", 64),
    ("msexchhidefromaddresslists", 5),
    ("objectcategory", 1024),
    ("pager", 64),
    ("personaltitle", 64),
    ("physicaldeliveryofficename", 128),
    ("postaladdress", 4096),
    ("postalcode", 40),
    ("preferredlanguage", 64),
    ("profilepath", 1024),
    ("pwdlastset", 20),
    ("samaccountname", 256),
    ("scriptpath", 1024),
    ("sn", 64),
    ("st", 128),
    ("streetaddress", 1024),
    ("telephonenumber", 64),
    ("thumbnailphoto", 102_400),
    ("title", 128),
    ("useraccountcontrol", 12),
    ("userprincipalname", 1024),
];

/// Attributes that only the server writes.
const OF_THE_SERVER: [&str; 13] = [
    "memberof",
    "objectguid",
    "objectsid",
    "whencreated",
    "whenchanged",
    "usncreated",
    "usnchanged",
    "instancetype",
    "distinguishedname",
    "isdeleted",
    "isrecycled",
    "lastknownparent",
    "samaccounttype",
];

/// Attributes that are the object's name.
pub(super) const NAMES: [&str; 4] = ["cn", "ou", "dc", "name"];

/// Checks values that somebody wants an attribute (in lower case) to have.
pub(super) fn check(name: &str, values: &[Vec<u8>]) -> Result<(), Refusal> {
    if OF_THE_SERVER.contains(&name) {
        return Err(Refusal::unwilling(0x20b1));
    }
    if SEVERAL.contains(&name) || name == "unicodepwd" {
        return Ok(());
    }
    let Some((_, limit)) = SINGLE.iter().find(|(known, _)| *known == name) else {
        return Err(Refusal::unknown_attribute());
    };
    let too_long = |value: &Vec<u8>| String::from_utf8_lossy(value).chars().count() > *limit;
    if values.len() > 1 {
        return Err(Refusal::constraint(0x2081, name));
    }
    if values.iter().any(too_long) {
        return Err(Refusal::constraint(0x2082, name));
    }
    if name == "samaccountname"
        && values
            .iter()
            .any(|value| value.iter().any(|byte| b"\"/\\[]:;|=,+*?<>@".contains(byte)))
    {
        return Err(Refusal::constraint(0x0523, name));
    }
    Ok(())
}
