//! Plain people for what needs the same ones in several forms.

use std::fmt::Write as _;

const GIVEN: [&str; 12] = [
    "Anna", "Bruno", "Chiara", "David", "Elena", "Felix", "Greta", "Hugo", "Ines", "Jonas", "Katja", "Luis",
];
const FAMILY: [&str; 15] = [
    "Albrecht", "Bianchi", "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Hansen", "Ivanova",
    "Jansen", "Keller", "Lindberg", "Moreau", "Novak", "Oliveira",
];
const DEPARTMENTS: [&str; 5] = ["Engineering", "Finance", "Sales", "Operations", "Support"];
const TITLES: [&str; 7] = [
    "Analyst",
    "Assistant",
    "Consultant",
    "Developer",
    "Director",
    "Engineer",
    "Manager",
];
const CITIES: [&str; 5] = ["Berlin", "Lisbon", "Oslo", "Prague", "Turin"];

/// The attributes that each has, in the order of [`Plain::values`].
pub const ATTRIBUTES: [&str; 10] = [
    "uid",
    "cn",
    "sn",
    "givenName",
    "displayName",
    "mail",
    "title",
    "ou",
    "l",
    "telephoneNumber",
];

/// How many share a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// 32,400 names, as in a large company: of a million people 31 share each.
    Many,
    /// 180 names, as nowhere: of a million people 5,556 share each.
    Few,
}

/// Somebody, decided by a number.
#[derive(Clone, Copy)]
pub struct Plain {
    /// The number.
    pub number: usize,
    /// Whether the title is another.
    pub promoted: bool,
    /// What the name is chosen from.
    pub names: Names,
}

impl Plain {
    /// The primary key, and the login.
    pub fn key(self) -> String {
        format!("p{:07}", self.number)
    }

    /// The given name.
    pub fn given(self) -> String {
        self.name(&GIVEN, 1, GIVEN.len() * FAMILY.len())
    }

    /// The family name.
    pub fn family(self) -> String {
        self.name(&FAMILY, GIVEN.len(), GIVEN.len() * FAMILY.len() * GIVEN.len())
    }

    /// A name of the list, with a second one where there are many names.
    fn name(self, list: &[&str], one: usize, other: usize) -> String {
        let (first, second) = (
            list[self.number / one % list.len()],
            list[self.number / other % list.len()],
        );
        match self.names {
            Names::Many => format!("{first}-{second}"),
            Names::Few => first.to_owned(),
        }
    }

    /// The title.
    pub fn title(self) -> String {
        let title = TITLES[self.number % TITLES.len()];
        if self.promoted {
            format!("Senior {title}")
        } else {
            title.to_owned()
        }
    }

    /// A value for each of [`ATTRIBUTES`].
    pub fn values(self) -> [String; 10] {
        let name = format!("{} {}", self.given(), self.family());
        [
            self.key(),
            name.clone(),
            self.family(),
            self.given(),
            name,
            format!("{}@example.com", self.key()),
            self.title(),
            DEPARTMENTS[self.number % DEPARTMENTS.len()].to_owned(),
            CITIES[self.number / 7 % CITIES.len()].to_owned(),
            format!("+49 30 {:07}", self.number),
        ]
    }

    /// One line of JSON, with the attributes' names as columns.
    pub fn write_json(self, out: &mut String) {
        // No value has anything to escape.
        for (at, (name, value)) in ATTRIBUTES.iter().zip(self.values()).enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(out, "{before}\"{name}\":\"{value}\"");
        }
        out.push_str("}\n");
    }

    /// The entry in a container, as LDIF.
    pub fn write_entry(self, container: &str, out: &mut String) {
        let _ = write!(
            out,
            "dn: uid={},{container}\nobjectClass: inetOrgPerson\n",
            self.key()
        );
        for (name, value) in ATTRIBUTES.iter().zip(self.values()) {
            let _ = writeln!(out, "{name}: {value}");
        }
        out.push('\n');
    }

    /// The change of the title, as LDIF.
    pub fn write_change(self, container: &str, out: &mut String) {
        let _ = write!(
            out,
            "dn: uid={},{container}\nchangetype: modify\nreplace: title\ntitle: {}\n\n",
            self.key(),
            self.title()
        );
    }
}

/// So many people.
pub fn plain(people: usize, promoted: bool) -> impl Iterator<Item = Plain> {
    (0..people).map(move |number| Plain {
        number,
        promoted,
        names: Names::Many,
    })
}

/// The mapping of a data source whose columns have the attributes' names.
pub fn mapping() -> String {
    ATTRIBUTES.iter().fold(String::new(), |mut text, name| {
        let _ = writeln!(text, "  {name}: {name}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_line_is_json_with_every_attribute() {
        let mut line = String::new();
        Plain {
            number: 123,
            promoted: true,
            names: Names::Many,
        }
        .write_json(&mut line);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value.as_object().unwrap().len(), ATTRIBUTES.len());
        assert!(value["title"].as_str().unwrap().starts_with("Senior "));
    }

    #[test]
    fn there_are_as_many_names_as_promised() {
        let count = |names| {
            let person = |number| Plain {
                number,
                promoted: false,
                names,
            };
            (0..40_000)
                .map(|number| person(number).values()[4].clone())
                .collect::<HashSet<_>>()
                .len()
        };
        assert_eq!((count(Names::Many), count(Names::Few)), (32_400, 180));
    }
}
