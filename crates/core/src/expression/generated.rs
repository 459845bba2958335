//! Functions whose result looks arbitrary and is not: always the same for the same input, so that a plan made twice
//! is the same. For passwords there is the template's `password`; what is made here anybody can make again.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::function::{Call, Function, OnMissing, function};
use super::value::Value;

pub(super) static FUNCTIONS: &[Function] = &[
    function!(
        "random(seed, length, characters=, digits=, capitals=, small=, marks=, avoid=)",
        "A text of so many (at most 256) letters and digits, or of `characters`, with at least so many digits, capitals, \
         small letters and marks (`!#$%*+-.:=?@_`), and none of `avoid`. Always the same for the same seed: give what \
         differs from person to person. Not for passwords.",
        "{{ random(employeeNumber, 4, characters='0123456789') }}" => "9313",
        random
    ),
    function!(
        "guid_of(text, namespace=)",
        "A GUID made of a text, always the same for the same text and namespace (another GUID): a UUID of version 8 by \
         SHA-256 (RFC 9562, section 5.8).",
        "{{ guid_of('ada@example.com') }}" => "b5fc85e5-5755-89e0-9030-a10ab4429b6b",
        guid_of
    ),
    function!(
        "reserved(name)",
        "Whether a login name or mailbox is one that systems keep for themselves, such as `administrator`, `root`, \
         `postmaster` (RFC 2142) or `con`, without regard to case and to what follows an `@`.",
        "{{ 'Postmaster@example.com' is reserved }}" => "true",
        |call| {
            Ok(Value::Bool(is_reserved(&call.text(0)?)))
        }
    )
    .when_missing(OnMissing::False),
];

const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const MARKS: &str = "!#$%*+-.:=?@_";
/// The longest text, as in Entra's `RandomString`.
const LONGEST: usize = 256;

/// Names that Windows, Unix and mail systems (RFC 2142) keep for themselves, in order.
#[rustfmt::skip]
const RESERVED: [&str; 75] = [
    "abuse", "account operators", "adm", "admin", "administrator", "administrators", "anonymous",
    "authenticated users", "aux", "backup operators", "batch", "bin", "com1", "com2", "com3", "com4", "com5",
    "com6", "com7", "com8", "com9", "con", "creator owner", "daemon", "defaultaccount", "dialup",
    "domain admins", "domain users", "everyone", "ftp", "guest", "guests", "hostmaster", "info", "interactive",
    "krbtgt", "local service", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
    "mailer-daemon", "marketing", "network", "network service", "news", "nobody", "noc", "nul", "operator",
    "postmaster", "power users", "prn", "proxy", "replicator", "root", "sales", "security", "self", "service",
    "support", "sys", "system", "usenet", "users", "uucp", "wdagutilityaccount", "webmaster", "www", "www-data",
];

/// Whether systems keep a name for themselves, without regard to case and to what follows an `@`.
pub(super) fn is_reserved(name: &str) -> bool {
    let name = name.split('@').next().unwrap_or_default().trim();
    let small = || name.bytes().map(|byte| byte.to_ascii_lowercase());
    RESERVED
        .binary_search_by(|known| known.bytes().cmp(small()))
        .is_ok()
}

/// Numbers that follow from a seed: SHA-256 of it with a counter.
struct Stream {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Stream {
    fn new(seed: &str) -> Self {
        Self {
            seed: Sha256::digest(seed.as_bytes()).into(),
            counter: 0,
            block: [0; 32],
            used: 32,
        }
    }

    fn byte(&mut self) -> u8 {
        if self.used >= self.block.len() {
            let mut hash = Sha256::new();
            hash.update(self.seed);
            hash.update(self.counter.to_be_bytes());
            self.block = hash.finalize().into();
            self.counter += 1;
            self.used = 0;
        }
        let byte = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        byte
    }

    /// A number below `most`, each as likely as the others.
    fn below(&mut self, most: usize) -> usize {
        let most = u32::try_from(most.max(1)).unwrap_or(u32::MAX);
        let fair = u32::MAX - u32::MAX % most;
        loop {
            let number = (0..4).fold(0_u32, |number, _| number << 8 | u32::from(self.byte()));
            if number < fair {
                return (number % most) as usize;
            }
        }
    }

    fn pick(&mut self, from: &[char]) -> Option<char> {
        from.get(self.below(from.len())).copied()
    }
}

fn random<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let (seed, length) = (call.text(0)?, call.count(1)?);
    if length > LONGEST {
        return Err(format!("needs a length of at most {LONGEST}, found {length}"));
    }
    let characters = call.text_or(2, "")?;
    let least = [(3, DIGITS), (4, CAPITALS), (5, SMALL), (6, MARKS)]
        .map(|(at, class)| (if call.has(at) { call.count(at) } else { Ok(0) }, class));
    let avoid = call.text_or(7, "")?;
    let without = |class: &str| -> Vec<char> { class.chars().filter(|c| !avoid.contains(*c)).collect() };
    let mut stream = Stream::new(&seed);
    let mut made: Vec<char> = Vec::with_capacity(length);
    for (count, class) in least {
        let (count, class) = (count?, without(class));
        if count > 0 && class.is_empty() {
            return Err("needs a character that `avoid` leaves of each kind that must be there".into());
        }
        if made.len().saturating_add(count) > length {
            return Err(format!(
                "needs a length that has room for all that must be there, found {length}"
            ));
        }
        made.extend((0..count).filter_map(|_| stream.pick(&class)));
    }
    let rest = if characters.is_empty() {
        without(&format!("{CAPITALS}{SMALL}{DIGITS}"))
    } else {
        without(&characters)
    };
    if rest.is_empty() && made.len() < length {
        return Err("needs a character that `avoid` leaves".into());
    }
    while made.len() < length {
        made.extend(stream.pick(&rest));
    }
    // What must be there does not always stand at the start.
    for at in (1..made.len()).rev() {
        let other = stream.below(at + 1);
        made.swap(at, other);
    }
    call.meter.spend(made.len())?;
    Ok(Value::from(made.into_iter().collect::<String>()))
}

fn guid_of<'a>(call: &mut Call<'a, '_>) -> Result<Value<'a>, String> {
    let text = call.text(0)?;
    let mut hash = Sha256::new();
    if call.has(1) {
        let namespace = call.text(1)?;
        let namespace = Uuid::try_parse(namespace.trim())
            .map_err(|_| format!("needs a GUID as the namespace, found `{namespace}`"))?;
        hash.update(namespace.as_bytes());
    }
    hash.update(text.as_bytes());
    let hash: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash) {
        *byte = hashed;
    }
    Ok(Value::from(
        uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Evaluated, Format, Scope};

    fn given(format: &str) -> Result<String, String> {
        match Format::parse(format).unwrap().evaluate(&Scope::new()) {
            Ok(Evaluated::Values(values)) => Ok(values.join(" | ")),
            Ok(Evaluated::Nothing { missing }) => Err(format!("no {missing}")),
            Err(error) => Err(error.problem),
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_text_and_another_another() {
        let one = given("{{ random('1001', 20) }}").unwrap();
        assert_eq!(given("{{ random('1001', 20) }}").unwrap(), one);
        assert_ne!(given("{{ random('1002', 20) }}").unwrap(), one);
        assert_eq!(one.chars().count(), 20);
    }

    #[test]
    fn what_must_be_there_is_and_what_is_avoided_is_not() {
        for seed in 0..200 {
            let text = given(&format!(
                "{{{{ random('{seed}', 8, digits=2, capitals=2, small=2, marks=1, avoid='0O1lI') }}}}"
            ))
            .unwrap();
            let count = |fits: fn(&char) -> bool| text.chars().filter(fits).count();
            assert_eq!(text.chars().count(), 8, "{text}");
            assert!(
                count(char::is_ascii_digit) >= 2 && count(char::is_ascii_uppercase) >= 2,
                "{text}"
            );
            assert!(count(char::is_ascii_lowercase) >= 2, "{text}");
            assert_eq!(count(|c| MARKS.contains(*c)), 1, "{text}");
            assert!(!text.contains(['0', 'O', '1', 'l', 'I']), "{text}");
        }
    }

    #[test]
    fn every_character_comes_about_as_often_as_the_others() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..100 {
            let text = given(&format!(
                "{{{{ random('{seed}', 256, characters='0123456789') }}}}"
            ))
            .unwrap();
            for c in text.chars() {
                *counts.entry(c).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), 10);
        assert!(
            counts.values().all(|count| (2300..2820).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn lengths_at_the_edge_have_a_defined_result() {
        assert_eq!(given("a{{ random('x', 0) }}b").unwrap(), "ab");
        assert_eq!(given("a{{ random('x', -3) }}b").unwrap(), "ab");
        assert_eq!(given("{{ random('x', 256) }}").unwrap().len(), 256);
        assert!(
            given("{{ random('x', 257) }}")
                .unwrap_err()
                .contains("at most 256")
        );
        assert!(
            given("{{ random('x', 3, digits=2, small=2) }}")
                .unwrap_err()
                .contains("room")
        );
        assert!(
            given("{{ random('x', 3, characters='ab', avoid='ab') }}")
                .unwrap_err()
                .contains("avoid")
        );
        assert_eq!(given("{{ random(nobody, 4) }}").unwrap_err(), "no nobody");
    }

    #[test]
    fn a_guid_of_a_text_has_the_version_and_depends_on_its_namespace() {
        let one = given("{{ guid_of('a') }}").unwrap();
        assert_eq!(Uuid::try_parse(&one).unwrap().get_version_num(), 8);
        let other = given("{{ guid_of('a', '6f9619ff-8b86-d011-b42d-00cf4fc964ff') }}").unwrap();
        assert_ne!(one, other);
        assert!(
            given("{{ guid_of('a', 'b') }}")
                .unwrap_err()
                .contains("namespace")
        );
    }

    #[test]
    fn reserved_names_are_in_order_and_known_in_any_case() {
        assert!(RESERVED.is_sorted());
        for (name, expected) in [
            ("ROOT", "true"),
            (" con ", "true"),
            ("rooter", "false"),
            ("", "false"),
        ] {
            assert_eq!(
                given(&format!("{{{{ '{name}' is reserved }}}}")).unwrap(),
                expected,
                "{name}"
            );
        }
    }
}
