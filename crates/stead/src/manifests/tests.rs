//! Manifests as users write and name them.

use super::*;
use std::sync::Arc;

fn of(text: &str) -> Vec<Document> {
    split::documents("web.yaml", text).expect(text)
}

fn wrong(text: &str) -> Vec<String> {
    split::documents("web.yaml", text).expect_err(text)
}

fn names(documents: &[Document]) -> Vec<String> {
    documents.iter().map(|document| format!("{}/{} {}", document.kind(), document.name(), document.place())).collect()
}

#[test]
fn documents_have_their_lines() {
    let text = "# The Service.\napiVersion: v1\nkind: Service\nmetadata:\n  name: nginx\n---\n---\n# Nothing.\n--- # more\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  replicas: 3\n";
    let documents = of(text);
    assert_eq!(names(&documents), ["Service/nginx web.yaml:2", "StatefulSet/web web.yaml:10"]);
    assert_eq!(documents[1].line_of("spec.replicas"), 14);
    assert_eq!(documents[1].line_of("spec.serviceName"), 13);
}

#[test]
fn lists_are_taken_apart() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: b}\n";
    let documents = of(text);
    assert_eq!(names(&documents), ["Service/a web.yaml:4", "ConfigMap/b web.yaml:11"]);
    assert_eq!(documents[1].line_of("metadata.name"), 13);
}

#[test]
fn names_that_no_path_leads_to_are_known() {
    let unreachable = |metadata: &str| {
        let errors = of(&format!("{{apiVersion: v1, kind: ConfigMap, metadata: {metadata}}}"))[0].unreachable_names();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for good in ["{name: web-0}", "{name: 'system:node', namespace: default}", "{name: a..b}", "{generateName: a-}"] {
        assert!(unreachable(good).is_empty(), "{good}");
    }
    assert_eq!(unreachable("{name: ..}"), ["metadata.name: Invalid value: \"..\": may not be '..'"]);
    assert_eq!(
        unreachable("{name: a/b%, namespace: .}"),
        [
            "metadata.name: Invalid value: \"a/b%\": may not contain '/'",
            "metadata.name: Invalid value: \"a/b%\": may not contain '%'",
            "metadata.namespace: Invalid value: \".\": may not be '.'",
        ]
    );
}

#[test]
fn items_of_a_list_keep_nothing_of_it_but_its_lines() {
    let item = |n: usize| format!("- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a{n}}}}}\n");
    let documents = of(&format!("apiVersion: v1\nkind: List\nkind: List\nitems:\n{}", (0..3).map(item).collect::<String>()));
    assert_eq!(names(&documents), ["ConfigMap/a0 web.yaml:5", "ConfigMap/a1 web.yaml:6", "ConfigMap/a2 web.yaml:7"]);
    for (n, document) in documents.iter().enumerate() {
        let json = format!("{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\"a{n}\"}}}}");
        assert_eq!((document.json.as_slice(), document.object.to_string()), (json.as_bytes(), json.clone()));
        assert!(Arc::ptr_eq(&document.lines, &documents[0].lines) && Arc::ptr_eq(&document.file, &documents[0].file));
        assert_eq!(document.repeated.len(), usize::from(n == 0), "what the List has twice is told once");
    }
}

#[test]
fn json_is_read_one_after_another() {
    let text = "{\"apiVersion\": \"v1\", \"kind\": \"Service\",\n \"metadata\": {\"name\": \"\\ud83d\\ude00\"}}\n\n{\n\"apiVersion\": \"v1\",\n\t\"kind\": \"Secret\"}\n";
    let documents = of(text);
    assert_eq!(names(&documents), ["Service/\u{1f600} web.yaml:1", "Secret/ web.yaml:4"]);
    assert_eq!(documents[0].line_of("metadata"), 2);
}

#[test]
fn yaml_may_begin_with_a_brace() {
    let documents = of("{apiVersion: v1, kind: Service, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Secret, metadata: {name: b}}\n");
    assert_eq!(names(&documents), ["Service/a web.yaml:1", "Secret/b web.yaml:3"]);
    assert_eq!(wrong("{\"apiVersion\": \"v1\",\n]"), ["web.yaml:2: json: key must be a string at line 2 column 1"]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    let good = "apiVersion: v1\nkind: Service\n";
    assert_eq!(wrong(&format!("{good}---\nkind: Pod\n")), ["web.yaml:4: apiVersion is missing or no text"]);
    assert_eq!(wrong("- a\n"), ["web.yaml:1: expected an object with apiVersion and kind"]);
    let text = format!("{good}---\napiVersion: v1\nkind: Pod\n  spec: 1\n---\nkind: 5\napiVersion: v1\n");
    let lines = ["web.yaml:6: yaml: line 6: mapping values are not allowed in this context", "web.yaml:8: kind is missing or no text"];
    assert_eq!(wrong(&text), lines);
    assert_eq!(wrong("{\"kind\": 1,\n]").len(), 1);
}

#[test]
fn repeated_keys_are_told_with_the_lines_of_the_file() {
    let documents = of("apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Secret\ndata:\n  a: x\n  a: y\n");
    assert_eq!(documents[1].repeated, ["line 8: key \"a\" already set in map"]);
    assert!(documents[0].repeated.is_empty());
}

#[test]
fn directories_are_read_by_name_as_deep_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let object = |name: &str| format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n");
    fs::create_dir(dir.path().join("below")).unwrap();
    for (file, name) in [("b.yml", "b"), ("a.yaml", "a"), ("note.txt", "note"), ("below/c.yaml", "c")] {
        fs::write(dir.path().join(file), object(name)).unwrap();
    }
    let read = |depth| {
        let documents = super::read(&[Source::Path(dir.path().to_owned())], depth).unwrap();
        documents.iter().map(|document| document.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(read(Depth::Directory), ["a", "b"]);
    assert_eq!(read(Depth::Recursive), ["a", "b", "c"]);
    // A file that is named is read whatever it is called.
    assert_eq!(super::read(&[Source::Path(dir.path().join("note.txt"))], Depth::Directory).unwrap()[0].name(), "note");
}

#[test]
fn nothing_to_read_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let read = |path: &Path| super::read(&[Source::Path(path.to_owned())], Depth::Directory).unwrap_err().to_string();
    assert!(read(dir.path()).ends_with("has no files that end in .yaml, .yml or .json"));
    assert!(read(&dir.path().join("absent.yaml")).starts_with("read "));
    let empty = dir.path().join("empty.yaml");
    fs::write(&empty, "---\n# later\n").unwrap();
    assert_eq!(read(&empty), format!("no objects in {}", empty.display()));
}

#[test]
fn words_name_sources() {
    assert_eq!(Source::parse("-"), Ok(Source::StandardInput));
    assert_eq!(Source::parse("web.yaml"), Ok(Source::Path("web.yaml".into())));
    assert!(Source::parse("https://example.com/web.yaml").is_err());
}
