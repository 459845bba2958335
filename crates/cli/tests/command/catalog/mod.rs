//! The catalog as it is used: what `tenure catalog use` writes, unchanged, against the vendors' simulators over real HTTP.

mod browser;
mod changes;
mod files;
mod people;
mod prism;
mod scim2;
mod service;
mod staff;
mod trial;
mod vendors;
mod webhooks;

use crate::home::Home;

#[test]
fn entries_are_listed_and_shown() {
    let home = Home::new(&[]);
    let list = home.run(&["catalog", "list"]).with(0).out;
    for preset in tenure_core::document::Preset::all() {
        assert!(
            list.contains(preset.name()) && list.contains(preset.title()),
            "{list}"
        );
        let shown = home.run(&["catalog", "show", preset.name()]).with(0).out;
        let ways = preset.ways().iter().map(|way| &way.name);
        for word in ways.chain(preset.settings().keys()) {
            assert!(shown.contains(word.as_str()), "{word} of {shown}");
        }
        assert!(shown.contains(&preset.documentation()[0].url));
        assert!(shown.contains(&format!("tenure catalog use {}", preset.name())));
    }
    let wrong = home.run(&["catalog", "show", "halo"]).with(1).err;
    assert!(
        wrong.contains("`halo` is not in the catalog; there are atera, "),
        "{wrong}"
    );
}

#[test]
fn documents_go_to_the_terminal_or_to_a_new_file_and_the_next_commands_beside_them() {
    let home = Home::new(&[]);
    let printed = home.run(&["catalog", "use", "atera", "--name", "crew"]).with(0);
    insta::assert_snapshot!(printed.err, @r"
    Put these documents into a file (--write FILE). Next:
      tenure secret set crew    # The secret with the API token, or with the API key that came before tokens (Admin, Data management, API).
      tenure fetch crew-people    # shows what comes, and what becomes of it
    ");
    home.run(&[
        "catalog",
        "use",
        "atera",
        "--name",
        "crew",
        "--write",
        "crew.yaml",
    ])
    .with(0);
    let written = std::fs::read_to_string(home.path().join("crew.yaml")).unwrap();
    assert_eq!(written, printed.out);
    let again = home
        .run(&["catalog", "use", "atera", "--write", "crew.yaml"])
        .with(1)
        .err;
    assert!(
        again.contains("writing crew.yaml: it is there already"),
        "{again}"
    );
    let missing = home
        .run(&["catalog", "use", "haloitsm", "--set", "client_id=c"])
        .with(1)
        .err;
    assert!(missing.contains("add `--set tenant=northwind`"), "{missing}");
    let nothing = home.run(&["catalog", "use", "atera", "--discover"]).with(1).err;
    assert!(
        nothing.contains("`atera` says no settings to whoever asks"),
        "{nothing}"
    );
    let no_value = home
        .run(&["catalog", "use", "haloitsm", "--set", "tenant"])
        .with(1)
        .err;
    assert!(no_value.contains("`--set tenant` has no value"), "{no_value}");
}
