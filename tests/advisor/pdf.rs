//! Procedures that come as PDFs: written here on the spot, read as the folder reads them.

use std::fs;
use std::path::Path;

use commander::adapters::procedures::{self, LoadError};
use commander::domain::sop::statement::Definition;
use commander::domain::sop::{Procedures, Sop};
use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

/// A line at a height, in a size.
type Line = (f32, f32, &'static str);

/// A document with these pages; each line is set as Word and LaTeX do it, with its own place.
fn document(pages: &[&[Line]]) -> Document {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding",
    });
    let resources = document.add_object(dictionary! {"Font" => dictionary! {"F1" => font}});
    let kids: Vec<Object> = pages
        .iter()
        .map(|lines| page(&mut document, tree, resources, lines).into())
        .collect();
    let count = i64::try_from(kids.len()).unwrap();
    let pages = dictionary! {"Type" => "Pages", "Kids" => kids, "Count" => count};
    document.objects.insert(tree, Object::Dictionary(pages));
    let catalog = document.add_object(dictionary! {"Type" => "Catalog", "Pages" => tree});
    document.trailer.set("Root", catalog);
    document
}

fn page(document: &mut Document, tree: ObjectId, resources: ObjectId, lines: &[Line]) -> ObjectId {
    let mut operations = vec![Operation::new("BT", vec![])];
    for (height, size, text) in lines {
        let place = [
            1.into(),
            0.into(),
            0.into(),
            1.into(),
            72.into(),
            (*height).into(),
        ];
        operations.push(Operation::new("Tf", vec!["F1".into(), (*size).into()]));
        operations.push(Operation::new("Tm", place.to_vec()));
        operations.push(Operation::new("Tj", vec![Object::string_literal(*text)]));
    }
    operations.push(Operation::new("ET", vec![]));
    let content = Content { operations }.encode().unwrap();
    let mut stream = Stream::new(Dictionary::new(), content);
    stream.compress().unwrap();
    let stream = document.add_object(stream);
    document.add_object(dictionary! {
        "Type" => "Page", "Parent" => tree, "Contents" => stream, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    })
}

fn bytes(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

fn handbook() -> Document {
    document(&[
        &[
            (780.0, 20.0, "Release handbook"),
            (
                740.0,
                11.0,
                "This is how we work, in few words, and every word of it",
            ),
            (727.0, 11.0, "was agreed on by all teams of the house."),
            (690.0, 14.0, "Production"),
            (665.0, 11.0, "No deploys to production on Fridays."),
        ],
        &[(780.0, 11.0, "Two approvals are required for production.")],
    ])
}

fn read(files: &[(&str, Vec<u8>)]) -> Result<Procedures, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    load(folder.path())
}

fn load(folder: &Path) -> Result<Procedures, String> {
    procedures::load(folder).map_err(|error| match error {
        LoadError::Mistakes(mistakes) => {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            mistakes.join("\n")
        }
        LoadError::Folder { .. } => panic!("{error}"),
    })
}

fn refusal(content: Vec<u8>) -> String {
    read(&[("paper.pdf", content)]).expect_err("a mistake was expected")
}

#[test]
fn a_pdf_is_cut_into_passages_that_know_their_page() {
    let procedures = read(&[("handbook.pdf", bytes(handbook()))]).unwrap();
    let [sop]: &[Sop] = procedures.sops() else {
        panic!("one procedure was expected");
    };
    assert_eq!(sop.title, "Release handbook");
    let passages: Vec<(Option<u32>, String, &str)> = sop
        .passages
        .iter()
        .map(|p| (p.page, p.heading.join(" > "), p.text.as_str()))
        .collect();
    assert_eq!(
        passages,
        [
            (
                Some(1),
                "Release handbook".to_owned(),
                "This is how we work, in few words, and every word of it was agreed on by all \
                 teams of the house."
            ),
            (
                Some(1),
                "Release handbook > Production".to_owned(),
                "No deploys to production on Fridays."
            ),
            (
                Some(2),
                "Release handbook > Production".to_owned(),
                "Two approvals are required for production."
            ),
        ]
    );
    let found = procedures.search("approval", 5);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].place(), "handbook.pdf, page 2");
}

#[test]
fn what_a_pdf_demands_is_recognised_like_any_other_text() {
    let definition = Definition::parse(
        commander::agents::ADVISOR,
        &commander::agents::ADVISOR_LANGUAGES,
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("handbook.PDF"), bytes(handbook())).unwrap();
    let procedures =
        procedures::load_recognising(folder.path(), &std::sync::Arc::new(definition)).unwrap();
    let said: Vec<&str> = procedures.sops()[0]
        .statements
        .iter()
        .map(|statement| statement.text.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "No deploys to production on Fridays.",
            "Two approvals are required for production."
        ]
    );
}

#[test]
fn a_scanned_an_encrypted_and_a_damaged_pdf_are_each_refused_with_a_sentence() {
    let scanned = refusal(bytes(document(&[&[], &[]])));
    assert!(scanned.starts_with("paper.pdf: has no text"), "{scanned}");
    let mut locked = handbook();
    let garbage = || Object::string_literal(vec![7_u8; 32]);
    let lock = locked.add_object(dictionary! {
        "Filter" => "Standard", "V" => 1, "R" => 2, "P" => -44, "O" => garbage(), "U" => garbage(),
    });
    locked.trailer.set("Encrypt", lock);
    let id = Object::string_literal("0123456789abcdef");
    locked.trailer.set("ID", vec![id.clone(), id]);
    let locked = refusal(bytes(locked));
    assert!(locked.contains("is encrypted"), "{locked}");
    for damaged in [
        &b""[..],
        b"%PDF-1.7",
        b"%PDF-1.4\nstartxref\n99999999\n%%EOF",
        b"Dear all,",
    ] {
        let said = refusal(damaged.to_vec());
        assert!(said.contains("cannot be read as a PDF"), "{said}");
    }
}

#[test]
fn a_pdf_that_unpacks_to_more_than_a_page_can_have_is_refused() {
    let mut bomb = handbook();
    let page = bomb.get_pages()[&1];
    let mut zeros = Stream::new(Dictionary::new(), vec![b' '; 32 * 1024 * 1024]);
    zeros.compress().unwrap();
    let zeros = bomb.add_object(zeros);
    bomb.get_dictionary_mut(page)
        .unwrap()
        .set("Contents", zeros);
    let bomb = bytes(bomb);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let said = refusal(bomb);
    assert!(said.contains("unpacks to more than"), "{said}");
}

#[test]
fn pages_that_contain_themselves_and_too_many_pages_come_to_an_end() {
    let mut circle = handbook();
    let tree = circle
        .catalog()
        .unwrap()
        .get(b"Pages")
        .unwrap()
        .as_reference()
        .unwrap();
    let kids: Vec<Object> = vec![tree.into(), tree.into()];
    circle.get_dictionary_mut(tree).unwrap().set("Kids", kids);
    let said = refusal(bytes(circle));
    assert!(said.starts_with("paper.pdf: "), "{said}");
    let line: &[Line] = &[(700.0, 11.0, "No deploys on Fridays.")];
    let said = refusal(bytes(document(&vec![line; 301])));
    assert!(said.contains("more than 300 pages"), "{said}");
}

/// Damage at every place of a file: it is read, or refused with a sentence, and nothing else.
#[test]
fn any_damage_to_a_pdf_is_a_sentence_and_never_a_panic_of_the_reader() {
    let whole = bytes(handbook());
    let mut seed: u64 = 0x5eed;
    let mut random = |below: usize| {
        // Knuth's constants; the high bits are the good ones.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let (mut readable, mut refused) = (0, 0);
    for round in 0..250 {
        let mut damaged = whole.clone();
        for _ in 0..=round % 8 {
            let at = random(damaged.len());
            match random(4) {
                0 => damaged[at] = u8::try_from(random(256)).unwrap(),
                1 => damaged.truncate(at.max(1)),
                2 => drop(damaged.drain(at..(at + random(40)).min(damaged.len()))),
                _ => damaged
                    .splice(at..at, b"/Kids [1 0 R] 99999999999 ".iter().copied())
                    .for_each(drop),
            }
            if damaged.is_empty() {
                damaged.push(b'%');
            }
        }
        match read(&[("paper.pdf", damaged)]) {
            Ok(_) => readable += 1,
            Err(said) => {
                refused += 1;
                assert!(said.starts_with("paper.pdf: "), "{said}");
                assert!(!said.contains("stops its reader"), "round {round}: {said}");
            }
        }
    }
    assert!(
        readable > 10 && refused > 10,
        "{readable} readable, {refused} refused"
    );
}

/// A handbook whose first page is drawn by these operators.
fn drawn_by(content: &str) -> Document {
    let mut document = handbook();
    let page = document.get_pages()[&1];
    let content = Stream::new(Dictionary::new(), content.as_bytes().to_vec());
    let content = document.add_object(content);
    let page = document.get_dictionary_mut(page).unwrap();
    page.set("Contents", content);
    document
}

#[test]
fn text_that_nobody_sees_is_refused() {
    for hidden in [
        "BT /F1 11 Tf 3 Tr 72 700 Td (No deploys on Fridays.) Tj ET",
        "BT /F1 11 Tf 7 Tr 72 700 Td (No deploys on Fridays.) Tj ET",
        "BT /F1 0.5 Tf 72 700 Td (No deploys on Fridays.) Tj ET",
        "q 0.01 0 0 0.01 0 0 cm BT /F1 11 Tf (No deploys on Fridays.) Tj ET Q",
    ] {
        let said = refusal(bytes(drawn_by(hidden)));
        assert!(said.contains("no reader can see"), "{said}");
    }
    let seen = "q 3 Tr Q BT /F1 1 Tf 11 0 0 11 72 700 Tm (No deploys on Fridays.) Tj ET";
    read(&[("paper.pdf", bytes(drawn_by(seen)))]).unwrap();
}

#[test]
fn a_file_that_draws_without_end_is_refused() {
    let said = refusal(bytes(drawn_by(&"q Q ".repeat(1_000_001))));
    // A machine that is very busy comes to the end of its time before.
    let is_refused = said.contains("draws more than") || said.contains("takes more than 20");
    assert!(is_refused, "{said}");
}

#[test]
fn text_that_cannot_be_read_is_refused_and_not_left_out() {
    let said = refusal(bytes(drawn_by("BT /F9 11 Tf (No deploys.) Tj ET")));
    assert!(said.contains("letters cannot be told"), "{said}");
    let said = refusal(bytes(drawn_by("/Stamp Do")));
    assert!(said.contains("a drawing in it is missing"), "{said}");
    let said = refusal(bytes(drawn_by("BT /F1 11 Tf (No deploys.) Tj ET ) (x")));
    assert!(said.contains("not all that it draws"), "{said}");
    let forged = "BT /F1 11 Tf (No deploys.) Tj ET EndOfWhatIsDrawn )";
    let said = refusal(bytes(drawn_by(forged)));
    assert!(said.contains("not all that it draws"), "{said}");
}

#[test]
fn the_end_of_a_long_passage_is_found_too() {
    let mut content = "BT /F1 11 Tf 12 TL 72 7000 Td ".to_owned();
    content.push_str(&"(Every word of this counts, and there are many of them.) Tj T* ".repeat(60));
    content.push_str("(The last one is about zebras.) Tj ET");
    let procedures = read(&[("paper.pdf", bytes(drawn_by(&content)))]).unwrap();
    assert_eq!(procedures.search("zebras", 5).len(), 1);
}
