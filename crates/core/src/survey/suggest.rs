//! What columns may mean: which could be the primary key, and which LDAP attribute each could fill. Guesses by
//! names and values, for a person to look over.

use serde::Serialize;

use super::{Column, Form, Kind, Surveyed};

/// How many columns are offered as the key.
const KEYS: usize = 3;

/// Something that a person may want to take over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// What would be filled: an LDAP attribute, `primary_key`, or a part of `lifecycle`.
    pub target: String,
    /// The column or expression that would fill it.
    pub from: String,
    /// Why it may be right, and what speaks against it.
    pub why: String,
}

/// What may be made of some columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Suggestions {
    /// Columns that could be the primary key, the best first.
    pub primary_key: Vec<Suggestion>,
    /// LDAP attributes with the column that each could come from.
    pub attributes: Vec<Suggestion>,
    /// Parts of `lifecycle`.
    pub lifecycle: Vec<Suggestion>,
}

/// Names of columns with numbers that an employer gives.
const EMPLOYEE: [&str; 10] = [
    "employeeidentifier",
    "employeenumber",
    "employeeid",
    "employeecode",
    "personnelnumber",
    "staffid",
    "staffnumber",
    "payrollid",
    "payrollnumber",
    "externalid",
];
/// Names of columns with numbers that the application gives.
const OWN: [&str; 8] = [
    "id",
    "_id",
    "userid",
    "personid",
    "contactid",
    "uuid",
    "guid",
    "employmentid",
];

/// Names that mean the person only at the top of a record: within it they are those of a site or a manager.
const GENERAL: [&str; 3] = ["name", "title", "position"];

/// An attribute, the names of columns that it may come from (the best first), and what the values must look like.
struct Rule {
    attribute: &'static str,
    names: &'static [&'static str],
    form: Option<Form>,
}

const fn rule(attribute: &'static str, names: &'static [&'static str]) -> Rule {
    Rule {
        attribute,
        names,
        form: None,
    }
}

const RULES: [Rule; 21] = [
    rule("employeeID", &EMPLOYEE),
    rule("givenName", &["firstname", "givenname", "forename"]),
    rule("middleName", &["middlename"]),
    rule("sn", &["lastname", "surname", "familyname", "sn"]),
    rule("displayName", &["displayname", "fullname", "name"]),
    Rule {
        attribute: "mail",
        names: &[
            "mail",
            "email",
            "workemail",
            "emailaddress",
            "primaryemail",
            "companyemail",
        ],
        form: Some(Form::Email),
    },
    Rule {
        attribute: "userPrincipalName",
        names: &["userprincipalname", "upn"],
        form: Some(Form::Email),
    },
    rule("title", &["jobtitle", "title", "position"]),
    rule("department", &["department", "departmentname"]),
    rule("division", &["division", "costcenter"]),
    rule(
        "company",
        &[
            "company",
            "companyname",
            "customername",
            "organization",
            "clientname",
        ],
    ),
    rule(
        "physicalDeliveryOfficeName",
        &["officelocation", "office", "sitename", "location"],
    ),
    rule("employeeType", &["employeetype", "employmenttype"]),
    rule(
        "telephoneNumber",
        &[
            "workphone",
            "phonenumber",
            "phone",
            "telephone",
            "businessphones",
            "worknumber",
        ],
    ),
    rule(
        "mobile",
        &[
            "mobilephone",
            "mobile",
            "mobilenumber",
            "cellphone",
            "mobilephonenumber",
        ],
    ),
    rule(
        "streetAddress",
        &["streetaddress", "street", "addressline1", "address"],
    ),
    rule("l", &["city", "locality", "town"]),
    rule("st", &["state", "region", "province"]),
    rule("postalCode", &["postalcode", "zip", "zipcode", "postcode"]),
    rule("co", &["country", "countryname"]),
    rule("preferredLanguage", &["preferredlanguage", "language"]),
];

impl Surveyed {
    /// What may be made of these columns.
    pub fn suggestions(&self) -> Suggestions {
        let usable: Vec<&Column> = self
            .columns
            .iter()
            .filter(|column| column.usable && column.filled > 0)
            .collect();
        Suggestions {
            primary_key: self.keys(&usable),
            attributes: attributes(&usable),
            lifecycle: lifecycle(&usable),
        }
    }

    fn keys(&self, columns: &[&Column]) -> Vec<Suggestion> {
        let readable = self.records - self.unreadable;
        let mut ranked: Vec<(u32, &Column, &str)> = columns
            .iter()
            .filter(|column| {
                column.found.mark.is_none()
                    && column.unique
                    && column.kinds.iter().all(|kind| matches!(kind, Kind::Text | Kind::Number))
                    // An address changes with a marriage; whoever has it later would be the same person.
                    && !matches!(column.form, Some(Form::Email | Form::Day | Form::Moment | Form::Url | Form::Phone))
            })
            .filter_map(|column| {
                let leaf = plain(&column.found.leaf);
                let nested = !column.path.eq(&column.found.column);
                let (rank, why) = if EMPLOYEE.contains(&leaf.as_str()) {
                    (0, "named like an employee number")
                } else if OWN.contains(&leaf.as_str()) && !nested {
                    (2, "the application's own id")
                } else if column.form == Some(Form::Guid) && leaf.ends_with("id") {
                    (4, "a GUID")
                } else if !nested && (leaf.ends_with("number") || leaf.ends_with("id")) {
                    (6, "named like an id")
                } else {
                    return None;
                };
                let penalty = if column.filled == readable { 0 } else { 3 };
                Some((rank + penalty, *column, why))
            })
            .collect();
        ranked.sort_by_key(|(rank, column, _)| (*rank, column.path.len()));
        ranked
            .into_iter()
            .take(KEYS)
            .map(|(_, column, why)| {
                let rest = if column.filled == readable {
                    format!("no value twice, and none of {readable} without one")
                } else {
                    format!(
                        "no value twice, but {} of {readable} have none and would be left out",
                        readable - column.filled
                    )
                };
                Suggestion {
                    target: "primary_key".to_owned(),
                    from: column.path.clone(),
                    why: format!("{why}; {rest}"),
                }
            })
            .collect()
    }
}

fn attributes(columns: &[&Column]) -> Vec<Suggestion> {
    let mut made = Vec::new();
    // Beside a city `state` is a part of the address; elsewhere it says how an account is doing.
    let has_city = columns.iter().any(|column| plain(&column.path) == "city");
    for rule in &RULES {
        let by_name = rule.names.iter().zip(0_u32..).flat_map(|(name, rank)| {
            columns
                .iter()
                .filter(move |column| {
                    called(column) == *name
                        && !column.found.of_all_items
                        && !is_truth(column)
                        && (depth(column) == 0 || !GENERAL.contains(name))
                        && (has_city || depth(column) > 0 || *name != "state")
                        && rule.form.is_none_or(|form| column.form == Some(form))
                })
                .map(move |column| (rank + depth(column), *column, "by its name"))
        });
        let by_mark = columns.iter().filter_map(|column| {
            let rank = marked(rule.attribute, column)?;
            Some((rank, *column, "by what its items are marked as"))
        });
        let best = by_name
            .chain(by_mark)
            .min_by_key(|(rank, column, _)| (*rank, std::cmp::Reverse(column.filled), column.path.len()));
        if let Some((_, column, why)) = best {
            made.push(suggestion(rule.attribute, column, why));
        }
    }
    let has = |made: &[Suggestion], target: &str| made.iter().any(|one| one.target == target);
    for (target, form) in [("mail", Form::Email), ("telephoneNumber", Form::Phone)] {
        if has(&made, target) {
            continue;
        }
        let free = |column: &&&Column| {
            column.form == Some(form)
                && !column.found.of_all_items
                && !made.iter().any(|one| one.from == column.path)
        };
        if let Some(column) = columns.iter().filter(free).max_by_key(|column| column.filled) {
            let suggestion = suggestion(target, column, "by its values");
            made.push(suggestion);
        }
    }
    made
}

fn lifecycle(columns: &[&Column]) -> Vec<Suggestion> {
    let find = |names: &[&str], fits: &dyn Fn(&Column) -> bool| {
        names.iter().find_map(|name| {
            columns
                .iter()
                .filter(|column| called(column) == *name && fits(column))
                .min_by_key(|column| depth(column))
                .copied()
        })
    };
    let mut made = Vec::new();
    let active = find(
        &["active", "activated", "accountenabled", "isactive", "enabled"],
        &is_truth,
    );
    let inactive = find(&["suspended", "inactive", "isinactive", "disabled"], &is_truth);
    let condition = match (active, inactive) {
        (Some(yes), Some(no)) => Some(format!("{} and not {}", yes.path, no.path)),
        (Some(yes), None) => Some(yes.path.clone()),
        (None, Some(no)) => Some(format!("not {}", no.path)),
        (None, None) => None,
    };
    if let Some(from) = condition {
        made.push(Suggestion {
            target: "active".to_owned(),
            from,
            why: "by its name".to_owned(),
        });
    }
    let is_date = |column: &Column| matches!(column.form, Some(Form::Day | Form::Moment));
    let starts = [
        "startdate",
        "hiredate",
        "employeehiredate",
        "provisionalstartdate",
        "joiningdate",
    ];
    let ends = [
        "enddate",
        "terminationdate",
        "employeeleavedatetime",
        "lastday",
        "leavedate",
    ];
    for (target, names) in [("starts", starts), ("ends", ends)] {
        if let Some(column) = find(&names, &is_date) {
            made.push(suggestion(target, column, "by its name and values"));
        }
    }
    made
}

fn suggestion(target: &str, column: &Column, why: &str) -> Suggestion {
    Suggestion {
        target: target.to_owned(),
        from: column.path.clone(),
        why: why.to_owned(),
    }
}

fn is_truth(column: &Column) -> bool {
    column.kinds == [Kind::Truth]
}

/// How much further inside a column is, so that nearer ones are preferred.
fn depth(column: &Column) -> u32 {
    if column.path == column.found.column { 0 } else { 20 }
}

/// How well an item of a list fits an attribute, as the number of a work phone does.
fn marked(attribute: &str, column: &Column) -> Option<u32> {
    let mark = plain(column.found.mark.as_deref()?);
    let (list, leaf) = (plain(&column.found.column), plain(&column.found.leaf));
    let is_work = matches!(mark.as_str(), "work" | "office" | "business");
    let is_phone = list.contains("phone") && matches!(leaf.as_str(), "number" | "value");
    let in_address = |names: &[&str]| list.contains("address") && is_work && names.contains(&leaf.as_str());
    let fits = match attribute {
        "telephoneNumber" => is_phone && is_work,
        "mobile" => is_phone && matches!(mark.as_str(), "mobile" | "workmobile" | "cell"),
        "streetAddress" => in_address(&["streetaddress", "street"]),
        "l" => in_address(&["locality", "city"]),
        "st" => in_address(&["region", "state"]),
        "postalCode" => in_address(&["postalcode", "zip"]),
        "co" => in_address(&["country"]),
        _ => false,
    };
    fits.then_some(10)
}

/// What a column is called: the `value` of an item that is named as its name says.
fn called(column: &Column) -> String {
    let leaf = plain(&column.found.leaf);
    match &column.found.mark {
        Some(mark) if leaf == "value" => plain(mark),
        _ => leaf,
    }
}

/// A name without case and separators.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
