//! Endpoints in full: how they repeat, what they send, how they answer; and files.

use super::{checked, loaded};

/// What checking says of one endpoint with these further lines.
fn endpoint(fields: &str) -> String {
    let lines = fields
        .lines()
        .fold(String::new(), |text, line| text + "    " + line + "\n");
    checked(&format!(
        "kind: application\nname: hr\nendpoints:\n  - name: people\n    url: https://hr.example.com/people\n{lines}"
    ))
}

#[test]
fn every_way_to_repeat_is_right() {
    let ways = [
        "{ parameter: skip, increment: 100 }",
        "{ parameter: skip, start: 1, increment: 100, to: header, until: page.records | length < 100, max_pages: 5 }",
        "{ page: { parameter: page } }",
        "{ page: { parameter: page, start: 0, to: query }, while: page.answer.more }",
        "{ cursor: { from: $.meta.next, name: after } }",
        "{ cursor: { header: X-Next, name: X-After, to: header }, until: page.count >= page.total }",
        "{ next_link: { header: Link } }",
        "{ next_link: { from: \"$['@odata.nextLink']\" } }",
    ];
    for way in ways {
        assert_eq!(endpoint(&format!("repeat: {way}")), "", "{way}");
    }
    for way in [
        "{ cursor: { from: $.next, name: $.variables.after } }",
        "{ page: { parameter: $.paging.page } }",
        "{ cursor: { from: $.next, name: after, to: query } }",
    ] {
        assert_eq!(
            endpoint(&format!("method: POST\nbody: {{ a: 1 }}\nrepeat: {way}")),
            "",
            "{way}"
        );
    }
}

#[test]
fn repetitions_that_make_no_sense_say_what_would() {
    let cases = [
        (
            "{}",
            "nothing that changes from call to call; write `parameter` with `increment`",
        ),
        (
            "{ until: page.number > 3 }",
            "nothing that changes from call to call",
        ),
        (
            "{ parameter: skip }",
            "`parameter` without `increment`; write `increment`",
        ),
        (
            "{ parameter: skip, increment: -1 }",
            "the number -1; write by how much the parameter grows",
        ),
        (
            "{ parameter: skip, increment: 1, page: { parameter: page } }",
            "repeat.page: found `page` with `parameter`; a call repeats in one way",
        ),
        (
            "{ cursor: { from: $.a, name: b }, next_link: { header: Link } }",
            "`next_link` with `cursor`; a call repeats in one way",
        ),
        (
            "{ page: { parameter: page }, start: 1 }",
            "`start` with `page`; write it within `page`",
        ),
        (
            "{ page: { parameter: page }, increment: 1 }",
            "`increment` with `page`; it belongs to `parameter`",
        ),
        (
            "{ next_link: { header: Link }, to: query }",
            "`to` with `next_link`; it belongs to `parameter`",
        ),
        (
            "{ cursor: { name: after } }",
            "neither `from` nor `header`; write `from`",
        ),
        (
            "{ cursor: { from: $.a, header: X-A, name: b } }",
            "both `from` and `header`; keep one of them",
        ),
        (
            "{ cursor: { from: meta.next, name: b } }",
            "`meta.next`, which does not lead to one value; write a JSONPath of names",
        ),
        (
            "{ next_link: { from: \"$.links[0]\" } }",
            "which does not lead to one value",
        ),
        ("{ next_link: { header: a b } }", "`a b` as a header's name"),
        (
            "{ cursor: { from: $.a, name: a b, to: header } }",
            "`a b` as a header's name",
        ),
        (
            "{ cursor: { from: $.a, name: b, to: body } }",
            "`body` with `method: GET`; write `to: query`, or `method: POST`",
        ),
        (
            "{ cursor: { from: $.a, name: $.b } }",
            "`$.b`, which is no name here; write a plain name",
        ),
        ("{ page: { parameter: \"\" } }", "an empty text"),
        ("{ page: { parameter: limit } }", "`limit`, which `query` has too"),
        (
            "{ page: { parameter: p }, until: page.number > 1, while: page.number < 1 }",
            "repeat.while: found both `until` and `while`; keep one of them",
        ),
        (
            "{ page: { parameter: p }, while: page.size > 1 }",
            "`page.size`; only `page.records`",
        ),
        ("{ page: { parameter: p }, max_pages: 0 }", "the number 0"),
    ];
    for (repeat, said) in cases {
        let found = endpoint(&format!("query: {{ limit: 10 }}\nrepeat: {repeat}"));
        assert!(
            found.contains(said) && found.starts_with("error: test.yaml:7:"),
            "{repeat}: {found}"
        );
    }
    let unknown = loaded(
        "kind: application\nname: hr\nendpoints:\n  - name: p\n    url: https://a.example\n    repeat: { cursor: { form: $.a, name: b } }\n",
    );
    assert!(
        super::lines(&unknown.1).contains("`form`, which is not a field here; did you mean `from`?"),
        "{:?}",
        unknown.1
    );
}

#[test]
fn messages_and_answers_are_right_or_say_what_would_be() {
    let good = [
        "method: POST\nmessage: none",
        "method: POST\nmessage: form\nbody: { a: 1, b: [x, y] }",
        "method: POST\nmessage: soap\nbody: |\n  <GetPeople/>\nanswer: xml\nrecords: $.Envelope.Body.Person[*]",
        "answer: csv",
        "answer: csv\ncsv: { separator: ';', encoding: windows-1252, columns: [id, name] }\nrepeat: { page: { parameter: page } }",
        "answer: csv\ncsv: { separator: \"\\t\" }\nrepeat: { cursor: { header: X-Next, name: after } }",
        "answer: xml\nrecords: $.people.person[*]\ntotal: $.people.total\nrepeat: { next_link: { from: $.people.next } }",
    ];
    for fields in good {
        assert_eq!(endpoint(fields), "", "{fields}");
    }
    let wrong = [
        (
            "message: json",
            "a message with `method: GET`; leave it out, or write `method: POST`",
        ),
        (
            "method: POST\nmessage: xml",
            "a message without a `body`; write the text as `body`",
        ),
        (
            "method: POST\nmessage: xml\nbody: { a: 1 }",
            "something else than a text; write the text",
        ),
        (
            "method: POST\nmessage: none\nbody: { a: 1 }",
            "a body with `message: none`; keep one of them",
        ),
        (
            "method: POST\nmessage: form\nbody: { a: { b: 1 } }",
            "body.a: found values within a value",
        ),
        (
            "method: POST\nmessage: form\nbody: [1]",
            "something else than fields",
        ),
        (
            "method: POST\nmessage: text\nbody: x\nrepeat: { page: { parameter: p, to: body } }",
            "`body`, and the body has no fields; write `to: query`",
        ),
        (
            "method: POST\nbody: [1]\nrepeat: { page: { parameter: p } }",
            "no place for it: the `body` is not an object",
        ),
        (
            "answer: xml",
            "`$[*]`, and XML is no list; write the names of the elements",
        ),
        (
            "answer: csv\nrecords: $.a[*]",
            "`$.a[*]` with `answer: csv`; leave it out",
        ),
        (
            "answer: csv\ntotal: $.a",
            "`total` with `answer: csv`; leave it out",
        ),
        (
            "answer: csv\nrepeat: { cursor: { from: $.a, name: b } }",
            "`from` with `answer: csv`; a table has nothing but records",
        ),
        (
            "csv: { separator: ';' }",
            "`csv` for another kind of answer; leave it out, or write `answer: csv`",
        ),
        (
            "answer: csv\ncsv: { separator: ';;' }",
            "the text `;;`; write one character",
        ),
        ("answer: csv\ncsv: { separator: '\"' }", "write one character"),
        (
            "answer: csv\ncsv: { encoding: klingon }",
            "`klingon`, which is no encoding that is known",
        ),
        (
            "answer: csv\ncsv: { columns: [a, b, a] }",
            "columns[2]: found `a` for the second time",
        ),
    ];
    for (fields, said) in wrong {
        let found = endpoint(fields);
        assert!(
            found.contains(said) && found.lines().count() == 1,
            "{fields}: {found}"
        );
    }
}

#[test]
fn files_are_right_or_say_what_would_be() {
    let file = |fields: &str| {
        checked(&format!(
            "kind: data_source\nname: people\nfile: {{ path: people, primary_key: id, {fields} }}\nattributes: {{ mail: email }}\n"
        ))
    };
    for fields in [
        "format: json",
        "format: json, records: \"$.people[*]\"",
        "format: csv",
        "format: csv, csv: { separator: ';', encoding: iso-8859-15 }",
    ] {
        assert_eq!(file(fields), "", "{fields}");
    }
    let wrong = [
        (
            "csv: {}",
            "`csv` for a file of another format; leave it out, or write `format: csv`",
        ),
        (
            "format: csv, records: \"$[*]\"",
            "`records` for a file whose lines are the records",
        ),
        (
            "format: json, records: people",
            "`people`, which does not lead to a list of records",
        ),
        (
            "format: csv, csv: { encoding: x }",
            "`x`, which is no encoding that is known",
        ),
    ];
    for (fields, said) in wrong {
        let found = file(fields);
        assert!(
            found.contains(said) && found.lines().count() == 1,
            "{fields}: {found}"
        );
    }
}

#[test]
fn what_xml_calls_its_parts_are_columns() {
    let found = checked(
        "kind: data_source\nname: people\nfile: { path: p, primary_key: '@id' }\nattributes: { employeeID: '@id', \
         sn: '#text', givenName: '@first-name', title: \"{{ job['@title'] }}\" }\n",
    );
    assert_eq!(found, "");
}

#[test]
fn another_way_to_repeat_takes_the_place_of_the_presets() {
    let (documents, errors) = loaded(
        "kind: application\nname: a\npreset: jumpcloud\nendpoints:\n  - name: users\n    repeat: { page: { parameter: page } }\n",
    );
    assert_eq!(super::lines(&errors), "");
    let repeat = documents.application("a").unwrap().endpoints[0]
        .repeat
        .clone()
        .unwrap();
    assert!(repeat.page.is_some() && repeat.parameter.is_none() && repeat.until.is_none());
}

#[test]
fn an_endpoint_is_called_for_each_record_of_one_that_stands_by_itself() {
    let with = |for_each: &str| {
        checked(&format!(
            "kind: application\nname: hr\nendpoints:\n  - {{ name: people, url: https://a.example }}\n  - name: jobs\n    \
             url: \"https://a.example/{{{{ record.id }}}}\"\n    for_each: {for_each}\n  - {{ name: more, url: \
             https://a.example, for_each: {{ endpoint: people }} }}\n"
        ))
    };
    assert_eq!(with("{ endpoint: people, add: { employeeId: id } }"), "");
    let wrong = [
        (
            "{ endpoint: peple }",
            "`peple`, which is no endpoint here; did you mean `people`?",
        ),
        ("{ endpoint: jobs }", "`jobs` itself"),
        (
            "{ endpoint: more }",
            "`more`, which is called for each record of another one itself",
        ),
        (
            "{ endpoint: people, add: { a: '' } }",
            "write a name and a column",
        ),
    ];
    for (for_each, said) in wrong {
        let found = with(for_each);
        assert!(
            found.contains(said) && found.lines().count() == 1,
            "{for_each}: {found}"
        );
    }
    for fields in [
        "query: { of: \"{{ record.id }}\" }",
        "headers: { X-Of: \"{{ record.id }}\" }",
        "method: POST\nbody: { a: [\"{{ record.id }}\"] }",
    ] {
        let found = endpoint(fields);
        assert!(
            found.contains("`record` without `for_each`; say for each record") && found.lines().count() == 1,
            "{found}"
        );
    }
}

#[test]
fn requests_name_pages_where_there_are_any() {
    let right = [
        "repeat: { parameter: skip, increment: 10 }\nquery: { skip: \"{{ page.offset }}\" }",
        "repeat: { page: { parameter: page } }\nquery: { after: \"{{ (page.records | last).id }}\" }",
        "method: POST\nmessage: xml\nbody: <a>{{ page.cursor | default('') }}</a>\nrepeat: { cursor: { from: $.next, name: \
         next } }",
        "repeat: { next_link: { header: Link } }\nheaders: { X-Page: \"{{ page.number }}\" }",
    ];
    for right in right {
        assert_eq!(endpoint(right), "", "{right}");
    }
    let wrong = [
        (
            "query: { p: \"{{ page.number }}\" }",
            "`page` without `repeat`; say how the call repeats",
        ),
        (
            "repeat: { page: { parameter: page } }\nquery: { p: \"{{ page.nmber }}\" }",
            "`page.nmber`; known here are `page.number`, `page.offset`",
        ),
        (
            "repeat: { page: { parameter: page } }\nquery: { p: \"{{ page }}\" }",
            "`page`; known here are `page.number`",
        ),
        (
            "repeat: { cursor: { header: X-Next, name: after } }\nquery: { p: \"{{ page.offset }}\" }",
            "`page.offset` with a `repeat` that does not count",
        ),
        (
            "repeat: { page: { parameter: page } }\nquery: { p: \"{{ page.cursor }}\" }",
            "`page.cursor` without `cursor`",
        ),
        (
            "repeat: { next_link: { header: Link } }\nquery: { p: \"{{ page.number }}\" }",
            "`page` in an address with `next_link`",
        ),
        (
            "answer: csv\nrepeat: { page: { parameter: page } }\nquery: { p: \"{{ page.answer.next }}\" }",
            "`page.answer` with `answer: csv`",
        ),
        (
            "repeat: { page: { parameter: page } }\nquery: { p: \"{{ page.total }}\" }",
            "`page.total` without `total`",
        ),
        (
            "repeat: { page: { parameter: page, to: query } }\nquery: { p: \"{{ page.offset }}\" }",
            "`to`, and the request names `page.offset`",
        ),
    ];
    for (fields, said) in wrong {
        let found = endpoint(fields);
        assert!(
            found.contains(said) && found.lines().count() == 1,
            "{fields}: {found}"
        );
    }
    let at = |url: &str| {
        checked(&format!(
            "kind: application\nname: hr\nendpoints:\n  - name: people\n    url: \"{url}\"\n    repeat: {{ page: {{ \
             parameter: page }} }}\n"
        ))
    };
    assert_eq!(
        at("https://hr.example.com/people/{{ page.answer.next | default('0') }}"),
        ""
    );
    for host in ["https://{{ page.answer.host }}/people", "{{ page.answer.next }}"] {
        let found = at(host);
        assert!(
            found.contains("a host that depends on an answer"),
            "{host}: {found}"
        );
    }
}
