//! The entry for files.

use super::trial::Trial;

#[test]
fn a_table_from_a_folder() {
    let settings = [
        ("path", "people.csv"),
        ("separator", ";"),
        ("encoding", "windows-1252"),
        ("key", "number"),
    ];
    let trial = Trial::new("file", None, &settings);
    let mut table = b"number;firstName;lastName;email;jobTitle;department;startDate;endDate\r\n".to_vec();
    for number in 0..50 {
        let line =
            format!("{number};Zo\u{eb};Byrne;zoe{number}@northwind.test;Analyst;Finance;2026-03-02;\r\n");
        // Its letters are those of Latin-1.
        table.extend(line.chars().map(|letter| u8::try_from(letter).unwrap()));
    }
    std::fs::write(trial.home().path().join("people.csv"), table).unwrap();
    let people = trial.people();
    assert_eq!(people.len(), 50);
    assert_eq!(people["7"]["displayName"][0], "Zoë Byrne");
    assert_eq!(people["7"]["mail"][0], "zoe7@northwind.test");
}
