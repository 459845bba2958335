//! A person as JumpCloud's JSON object `systemuser`.

use std::io::Write as _;

use jiff::{Timestamp, civil::Date, tz::Offset};

use crate::population::{Person, State, email_of, mix};

/// `mfa` and `mfaEnrollment` of those who use a second factor, and of those who do not.
const ENROLLED: (&str, &str) = (
    r#"{"configured":true,"exclusion":false}"#,
    r#"{"overallStatus":"ENROLLED","totpStatus":"ENROLLED","webAuthnStatus":"NOT_ENROLLED","pushStatus":"NOT_ENROLLED"}"#,
);
const NOT_ENROLLED: (&str, &str) = (
    r#"{"configured":false,"exclusion":false}"#,
    r#"{"overallStatus":"NOT_ENROLLED","totpStatus":"NOT_ENROLLED","webAuthnStatus":"NOT_ENROLLED","pushStatus":"NOT_ENROLLED"}"#,
);

/// Appends the person's object to `out`.
///
/// An unknown text is `""`, as in JumpCloud; an unknown `employeeIdentifier` or `manager` is left out.
pub(crate) fn write_record(out: &mut Vec<u8>, person: Person<'_>) {
    let mut object = Object { out, first: true };
    object.out.push(b'{');
    let id = person.id();
    let state = person.state();
    let username = person.username();
    let private_email = person.private_email();
    object.text("_id", &id);
    object.text("username", &username);
    object.text("email", &email_of(&username));
    object.text("alternateEmail", private_email.as_deref().unwrap_or_default());
    object.text("firstname", person.given().unwrap_or_default());
    object.text("middlename", person.middle().unwrap_or_default());
    object.text("lastname", &person.family().unwrap_or_default());
    object.text("displayname", &person.display_name());
    object.text("state", state.name());
    object.truth("activated", state == State::Active);
    object.truth("suspended", state == State::Suspended);
    object.truth("account_locked", false);
    object.plain("account_locked_date", "null");
    object.moment("created", person.created());
    object.text("creationSource", "jumpcloud:api");
    object.text("company", person.company());
    object.text("department", person.department().unwrap_or_default());
    object.text("costCenter", &person.cost_centre().unwrap_or_default());
    object.text("jobTitle", person.job_title().unwrap_or_default());
    if let Some(identifier) = person.employee_identifier() {
        object.text("employeeIdentifier", &identifier);
    }
    object.text("employeeType", person.employee_type());
    object.text("location", person.location().unwrap_or_default());
    if let Some(manager) = person.manager() {
        object.text("manager", &manager);
    }
    object.text("description", "");
    object.text("organization", "65f000000000000000000001");
    write_phones(&mut object, person, &id);
    write_addresses(&mut object, person, &id);
    write_attributes(&mut object, person);
    if let Some(address) = private_email {
        object.name("recoveryEmail");
        object.nested(|item| {
            item.text("address", &address);
            item.truth("verified", person.chance(52, 2) == 1);
        });
    }
    write_settings(&mut object, person);
    object.out.push(b'}');
}

fn write_phones(object: &mut Object<'_>, person: Person<'_>, id: &str) {
    object.list(
        "phoneNumbers",
        person.phones().iter().zip(0_u64..),
        |item, (phone, nth)| {
            item.part_id("id", id, part_number(person, nth));
            item.text("type", phone.kind);
            item.text("number", &phone.number);
        },
    );
}

fn write_addresses(object: &mut Object<'_>, person: Person<'_>, id: &str) {
    object.list(
        "addresses",
        person.addresses().iter().zip(16_u64..),
        |item, (address, nth)| {
            item.part_id("id", id, part_number(person, nth));
            item.text("type", address.kind);
            item.text("poBox", "");
            item.text("extendedAddress", "");
            item.text("streetAddress", &address.street);
            item.text("locality", address.locality);
            item.text("region", address.region);
            item.text("postalCode", &address.postal_code);
            item.text("country", address.country);
        },
    );
}

fn write_attributes(object: &mut Object<'_>, person: Person<'_>) {
    let dates = [("startDate", person.start()), ("endDate", person.end())];
    let known = dates.iter().filter_map(|(name, date)| Some((*name, (*date)?)));
    object.list("attributes", known, |item, (name, date)| {
        item.text("name", name);
        item.date("value", date);
    });
}

fn write_settings(object: &mut Object<'_>, person: Person<'_>) {
    let multi_factor = person.chance(50, 2) == 1;
    object.list("relationships", [(); 0].iter(), |_, ()| {});
    object.text("external_dn", "");
    object.text("external_source_type", "");
    object.truth("externally_managed", false);
    object.plain("delegatedAuthority", "null");
    object.list("restrictedFields", [(); 0].iter(), |_, ()| {});
    object.text("managedAppleId", "");
    object.moment("password_date", person.created() + 86_400);
    object.plain("password_expiration_date", "null");
    object.truth("password_expired", false);
    object.truth("password_never_expires", false);
    let (factors, enrolment) = if multi_factor { ENROLLED } else { NOT_ENROLLED };
    object.plain("mfa", factors);
    object.plain("mfaEnrollment", enrolment);
    object.truth("totp_enabled", multi_factor);
    object.truth("enable_user_portal_multifactor", multi_factor);
    object.truth("sudo", false);
    object.truth("passwordless_sudo", false);
    object.truth("ldap_binding_user", false);
    object.truth("samba_service_user", false);
    object.number("unix_uid", 5000 + u64::from(person.number()));
    object.number("unix_guid", 5000 + u64::from(person.number()));
    object.list("ssh_keys", [(); 0].iter(), |_, ()| {});
    object.plain("admin", "null");
    object.number("badLoginAttempts", (person.chance(51, 40) / 39) as u64);
}

/// A JSON object being written.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    fn name(&mut self, name: &str) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        write_text(self.out, value);
    }

    fn truth(&mut self, name: &str, value: bool) {
        self.plain(name, if value { "true" } else { "false" });
    }

    /// A value that is JSON already.
    fn plain(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.extend_from_slice(json.as_bytes());
    }

    fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        // Writing into memory does not fail.
        drop(write!(self.out, "{value}"));
    }

    fn date(&mut self, name: &str, date: Date) {
        self.name(name);
        self.out.push(b'"');
        write_date(self.out, date);
        self.out.push(b'"');
    }

    /// Seconds since 1970 the way JumpCloud writes a time, such as `2026-03-02T09:00:00.000Z`.
    fn moment(&mut self, name: &str, seconds: i64) {
        self.name(name);
        let moment = Offset::UTC.to_datetime(Timestamp::from_second(seconds).unwrap_or_default());
        self.out.push(b'"');
        write_date(self.out, moment.date());
        for (before, part) in [
            (b'T', moment.hour()),
            (b':', moment.minute()),
            (b':', moment.second()),
        ] {
            self.out.push(before);
            write_two_digits(self.out, part);
        }
        self.out.extend_from_slice(b".000Z\"");
    }

    /// The id of a part of the record `id`, such as a phone number.
    fn part_id(&mut self, name: &str, id: &str, part: u64) {
        self.name(name);
        self.out.push(b'"');
        self.out
            .extend_from_slice(id.get(..8).unwrap_or_default().as_bytes());
        let nibbles = part
            .to_be_bytes()
            .into_iter()
            .flat_map(|byte| [byte >> 4, byte & 15]);
        self.out
            .extend(nibbles.map(|nibble| b"0123456789abcdef"[usize::from(nibble)]));
        self.out.push(b'"');
    }

    fn list<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Object<'_>, T),
    ) {
        self.name(name);
        self.out.push(b'[');
        for (nth, item) in items.enumerate() {
            if nth > 0 {
                self.out.push(b',');
            }
            self.nested(|object| write(object, item));
        }
        self.out.push(b']');
    }

    fn nested(&mut self, write: impl FnOnce(&mut Object<'_>)) {
        self.out.push(b'{');
        write(&mut Object {
            out: self.out,
            first: true,
        });
        self.out.push(b'}');
    }
}

/// Appends the text as a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    if text
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
    {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Strings always serialise, and writing into memory does not fail.
        drop(serde_json::to_writer(out, text));
    }
}

fn write_date(out: &mut Vec<u8>, date: Date) {
    write_two_digits(out, date.year() / 100);
    write_two_digits(out, date.year());
    for part in [date.month(), date.day()] {
        out.push(b'-');
        write_two_digits(out, part);
    }
}

/// Appends the last two digits of a number.
fn write_two_digits(out: &mut Vec<u8>, number: impl Into<i16>) {
    let [.., number] = (number.into().unsigned_abs() % 100).to_be_bytes();
    out.extend_from_slice(&[b'0' + number / 10, b'0' + number % 10]);
}

fn part_number(person: Person<'_>, nth: u64) -> u64 {
    mix(u64::from(person.number()) << 8 | nth)
}
