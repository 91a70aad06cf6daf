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

fn page_tree(document: &Document) -> ObjectId {
    let pages = document.catalog().unwrap().get(b"Pages").unwrap();
    pages.as_reference().unwrap()
}

#[test]
fn pages_that_contain_themselves_and_too_many_pages_come_to_an_end() {
    let mut circle = handbook();
    let tree = page_tree(&circle);
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
    let mut content = Stream::new(Dictionary::new(), content.as_bytes().to_vec());
    content.compress().unwrap();
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

/// What a page shows that is drawn by these operators, line by line.
fn shown(content: &str) -> Vec<String> {
    shown_by(drawn_by(content))
}

/// The passages of a document's first page; its second is the handbook's.
fn shown_by(document: Document) -> Vec<String> {
    let procedures = read(&[("paper.pdf", bytes(document))]).unwrap();
    let passages = procedures.sops()[0].passages.iter();
    let first = passages.filter(|passage| passage.page == Some(1));
    first.map(|passage| passage.text.clone()).collect()
}

/// The same with more in the resources of the first page.
fn drawn_with(content: &str, kind: &str, name: &str, object: impl Into<Object>) -> Document {
    let mut document = drawn_by(content);
    let object = document.add_object(object);
    let page = document.get_pages()[&1];
    let resources = dictionary! {kind => dictionary! {name => object}};
    let shared = document.get_dictionary(page).unwrap();
    let shared = shared.get(b"Resources").unwrap().clone();
    let mut shared = document
        .dereference(&shared)
        .unwrap()
        .1
        .as_dict()
        .unwrap()
        .clone();
    shared.extend(&resources);
    document
        .get_dictionary_mut(page)
        .unwrap()
        .set("Resources", shared);
    document
}

fn form(content: &str) -> Stream {
    let about = dictionary! {"Type" => "XObject", "Subtype" => "Form"};
    Stream::new(about, content.as_bytes().to_vec())
}

#[test]
fn a_word_that_is_set_in_parts_is_one_word_and_two_words_are_two() {
    // In Helvetica of size 10, "No de" is 26.68 wide and a space 2.78.
    for (content, expected) in [
        (
            "[(No de) 30 (ploys on Fri) -40 (days.)] TJ",
            "No deploys on Fridays.",
        ),
        (
            "[(No) -278 (deploys) -333 (on) -200 (Fridays.)] TJ",
            "No deploys on Fridays.",
        ),
        ("(No de) Tj 26.68 0 Td (ploys.) Tj", "No deploys."),
        ("(No de) Tj 26.2 0 Td (ploys.) Tj", "No deploys."),
        ("(No de) Tj 1 0 0 1 98.68 700 Tm (ploys.) Tj", "No deploys."),
        ("(No) Tj 15.56 0 Td (deploys.) Tj", "No deploys."),
        ("(No de) Tj /F1 9 Tf (ploys.) Tj", "No deploys."),
        (
            "(No de) Tj ET BT /F1 10 Tf 98.68 702 Td (ploys.) Tj",
            "No deploys.",
        ),
        // Letters that are set apart, and drawn at half their width.
        ("2 Tc (No de) Tj 36.68 0 Td (ploys.) Tj", "No deploys."),
        ("50 Tz (No de) Tj 13.34 0 Td (ploys.) Tj", "No deploys."),
        ("5 Tw (No de) Tj 31.68 0 Td (ploys.) Tj", "No deploys."),
        // Words in another order than they are read in, and a line that is printed over itself.
        (
            "43 0 Td (deploys.) Tj -43 0 Td (Never do ) Tj",
            "Never do deploys.",
        ),
        ("(No deploys.) Tj 0.3 0 Td (No deploys.) Tj", "No deploys."),
        (
            "(No deploys.) Tj 90 0 Td (No deploys.) Tj",
            "No deploys. No deploys.",
        ),
    ] {
        let found = shown(&format!("BT /F1 10 Tf 72 700 Td {content} ET"));
        assert_eq!(found, [expected], "{content}");
    }
}

#[test]
fn the_widths_of_a_font_tell_its_words() {
    let font = |widths: bool| {
        let mut font = dictionary! {
            "Type" => "Font", "Subtype" => "TrueType", "BaseFont" => "House",
            "Encoding" => "WinAnsiEncoding",
        };
        if widths {
            font.set("FirstChar", 32);
            font.set("Widths", vec![Object::Integer(1000); 95]);
        }
        font
    };
    let content = "BT /F1 10 Tf 72 740 Td () Tj /F2 10 Tf (No de) Tj 50 0 Td (ploys.) Tj ET";
    let found = shown_by(drawn_with(content, "Font", "F2", font(true)));
    assert_eq!(found, ["No deploys."]);
    // What moves is a word of its own where nobody says how wide a letter is.
    let found = shown_by(drawn_with(content, "Font", "F2", font(false)));
    assert_eq!(found, ["No de ploys."]);
}

/// As browsers and word processors write: codes of two bytes, and what letters they are.
fn composite(document: &mut Document, map: &str, encoding: &str) -> Dictionary {
    let map = document.add_object(Stream::new(Dictionary::new(), map.as_bytes().to_vec()));
    let widths: Vec<Object> = vec![1.into(), vec![500.into(), 600.into()].into()];
    let inner = dictionary! {"Type" => "Font", "DW" => 1000, "W" => widths};
    dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "House", "Encoding" => encoding,
        "ToUnicode" => map, "DescendantFonts" => vec![inner.into()],
    }
}

#[test]
fn a_font_of_two_bytes_says_its_letters_or_is_refused() {
    let map = "3 beginbfchar <0001> <F0B7> <0002> <0020> <0003> <FB01> endbfchar\n\
        1 beginbfrange <0041> <007A> <0041> endbfrange";
    let written = |map: &str, encoding: &str, codes: &str| {
        let content = format!("BT /F2 10 Tf 72 700 Td <{codes}> Tj ET");
        let mut document = drawn_by(&content);
        let font = composite(&mut document, map, encoding);
        let font = document.add_object(font);
        let page = document.get_pages()[&1];
        let resources = dictionary! {"Font" => dictionary! {"F2" => font}};
        document
            .get_dictionary_mut(page)
            .unwrap()
            .set("Resources", resources);
        document
    };
    // "• No file"
    let codes = "00010002004E006F0002006600690003";
    assert_eq!(shown_by(written(map, "Identity-H", codes)), ["No fifi"]);
    for (map, encoding, codes) in [
        (map, "Identity-H", "004E0900"),
        (map, "90ms-RKSJ-H", codes),
        ("", "Identity-H", codes),
    ] {
        let said = refusal(bytes(written(map, encoding, codes)));
        assert!(said.contains("letters cannot be told"), "{said}");
    }
    let much = format!("1 beginbfchar <0041> <{}> endbfchar", "0041".repeat(9_000));
    let said = refusal(bytes(written(&much, "Identity-H", "0041")));
    assert!(said.contains("letters cannot be told"), "{said}");
    let many = format!("1 beginbfchar <0041> <{}> endbfchar", "0042".repeat(30));
    let said = refusal(bytes(written(&many, "Identity-H", &"0041".repeat(9_000))));
    assert!(said.contains("more than 256 KiB of text"), "{said}");
    // A map of four thousand million letters is cut, and takes no time.
    let all = "1 beginbfrange <00000000> <FFFFFFFF> <0000> endbfrange";
    assert_eq!(shown_by(written(all, "Identity-H", "004E006F")), ["No"]);
}

#[test]
fn text_in_coordinates_of_its_own_stands_in_its_line() {
    // As browsers write it: upside down, and each string in a frame of its own.
    let content = "1 0 0 -1 0 842 cm q .5 0 0 .5 0 0 cm BT /F1 20 Tf 1 0 0 -1 144 200 Tm \
        (Back up the) Tj ET Q q 1 0 0 1 60 0 cm BT /F1 10 Tf 1 0 0 -1 70 100 Tm (database.) Tj ET \
        Q BT /F1 10 Tf 1 0 0 -1 72 112 Tm (Then deploy.) Tj ET \
        BT /F1 10 Tf 1 0 0 -1 72 160 Tm (Never on Fridays.) Tj ET";
    assert_eq!(
        shown(content),
        ["Back up the database. Then deploy.", "Never on Fridays."]
    );
    // The same heights, but in frames one below the other.
    let content = "q 1 0 0 1 0 700 cm BT /F1 10 Tf 72 0 Td (First.) Tj ET Q \
        q 1 0 0 1 0 600 cm BT /F1 10 Tf 72 0 Td (Second.) Tj ET Q";
    assert_eq!(shown(content), ["First.", "Second."]);
    // Turned by a quarter, as on a wide page.
    let content = "BT /F1 10 Tf 0 1 -1 0 100 72 Tm (Two people) Tj 0 1 -1 0 100 130 Tm (agree.) Tj \
        0 1 -1 0 112 72 Tm (Both are on call.) Tj ET";
    assert_eq!(shown(content), ["Two people agree. Both are on call."]);
}

#[test]
fn numbers_that_are_none_are_no_places() {
    let long = "9".repeat(60);
    for content in [
        format!("BT /F1 {long} Tf (No deploys.) Tj ET"),
        format!("BT /F1 11 Tf {long} 0 0 {long} 0 0 Tm {long} {long} Td (No deploys.) Tj ET"),
        format!("q {long} 0 0 {long} 0 0 cm {long} 0 0 {long} 0 0 cm BT /F1 11 Tf (No.) Tj ET"),
        "BT /F1 11 Tf 0 0 0 0 0 0 Tm (No deploys.) Tj ET".to_owned(),
        "BT /F1 11 Tf NaN inf Td (No deploys.) Tj ET".to_owned(),
        format!("{}{} TJ", "[".repeat(50_000), "]".repeat(50_000)),
        "q ".repeat(50_000),
    ] {
        match read(&[("paper.pdf", bytes(drawn_by(&content)))]) {
            Ok(procedures) => assert!(!procedures.sops().is_empty()),
            Err(said) => assert!(!said.contains("stops its reader"), "{said}"),
        }
    }
}

#[test]
fn a_drawing_is_read_in_its_place_and_never_without_end() {
    let mut stamp = form("BT /F1 10 Tf 12 0 Td (approvals.) Tj ET");
    let matrix = [1, 0, 0, 1, 60, 0].map(Object::Integer).to_vec();
    stamp.dict.set("Matrix", matrix);
    let content = "1 0 0 1 0 700 cm /Stamp Do BT /F1 10 Tf 50 0 Td (Two) Tj ET";
    let found = shown_by(drawn_with(content, "XObject", "Stamp", stamp));
    assert_eq!(found, ["Two approvals."]);
    let circle = drawn_with("/Stamp Do", "XObject", "Stamp", form("/Stamp Do /Stamp Do"));
    let said = refusal(bytes(circle));
    assert!(said.contains("drawings in drawings"), "{said}");
    let content = "/Stamp Do ".repeat(10_001);
    let many = drawn_with(&content, "XObject", "Stamp", form("q Q"));
    let said = refusal(bytes(many));
    // A machine that is very busy comes to the end of its time before.
    let is_refused = said.contains("draws more than") || said.contains("takes ");
    assert!(is_refused, "{said}");
    let picture = dictionary! {"Type" => "XObject", "Subtype" => "Image"};
    let picture = || Stream::new(picture.clone(), vec![0; 16]);
    let text = "/Logo Do BT /F1 10 Tf 72 700 Td (Two approvals.) Tj ET";
    let found = shown_by(drawn_with(text, "XObject", "Logo", picture()));
    assert_eq!(found, ["Two approvals."]);
    let said = refusal(bytes(drawn_with("/Logo Do", "XObject", "Logo", picture())));
    assert!(said.contains("picture and without text"), "{said}");
}

/// A page with something laid on it.
fn annotated(kind: &str, more: &Dictionary, appearance: Option<&str>) -> Document {
    let content = "BT /F1 10 Tf 72 700 Td (Two approvals.) Tj ET";
    let mut document = drawn_by(content);
    let corners = [100, 300, 200, 320].map(Object::Integer).to_vec();
    let mut laid = dictionary! {"Type" => "Annot", "Subtype" => kind, "Rect" => corners};
    laid.extend(more);
    if let Some(content) = appearance {
        let mut look = form(content);
        look.dict
            .set("BBox", [0, 0, 50, 10].map(Object::Integer).to_vec());
        let look = document.add_object(look);
        laid.set("AP", dictionary! {"N" => look});
    }
    let laid = document.add_object(laid);
    let page = document.get_pages()[&1];
    let page = document.get_dictionary_mut(page).unwrap();
    page.set("Annots", vec![laid.into()]);
    document
}

#[test]
fn what_is_laid_on_a_page_is_read_or_refused() {
    let said = || dictionary! {"Contents" => Object::string_literal("Not on Mondays.")};
    let value = || dictionary! {"FT" => "Tx", "V" => Object::string_literal("Not on Mondays.")};
    let nothing = Dictionary::new();
    let look = Some("BT /F1 5 Tf 0 2 Td (Not on Mondays.) Tj ET");
    for (kind, more) in [
        ("FreeText", said()),
        ("Widget", value()),
        ("Stamp", nothing.clone()),
    ] {
        let found = shown_by(annotated(kind, &more, look));
        assert_eq!(found, ["Two approvals.", "Not on Mondays."], "{kind}");
    }
    let mut hidden = said();
    hidden.set("F", 2);
    for (kind, more) in [
        ("Link", said()),
        ("Highlight", nothing.clone()),
        ("Widget", nothing.clone()),
        ("Text", hidden),
    ] {
        let found = shown_by(annotated(kind, &more, None));
        assert_eq!(found, ["Two approvals."], "{kind}");
    }
    for (kind, more, why) in [
        ("Widget", value(), "a field or a note"),
        ("FreeText", said(), "a field or a note"),
        ("Text", said(), "a comment"),
        ("Highlight", said(), "a comment"),
        ("StrikeOut", nothing, "struck out"),
    ] {
        let said = refusal(bytes(annotated(kind, &more, None)));
        assert!(said.contains(why) && said.contains("page 1"), "{said}");
    }
    let mut dynamic = annotated("Widget", &value(), look);
    let form = dictionary! {"NeedAppearances" => true, "Fields" => vec![1.into()]};
    dynamic.catalog_mut().unwrap().set("AcroForm", form);
    let said = refusal(bytes(dynamic));
    assert!(said.contains("a form that only the program"), "{said}");
}

#[test]
fn a_page_whose_parts_are_missing_is_refused() {
    let mut torn = handbook();
    let page = torn.get_pages()[&1];
    let nowhere: Vec<Object> = vec![(9_999, 0).into()];
    torn.get_dictionary_mut(page)
        .unwrap()
        .set("Contents", nowhere);
    let said = refusal(bytes(torn));
    assert!(said.contains("what it draws is missing"), "{said}");
    let mut fewer = handbook();
    let tree = page_tree(&fewer);
    fewer.get_dictionary_mut(tree).unwrap().set("Count", 3);
    let said = refusal(bytes(fewer));
    assert!(said.contains("2 pages can be found"), "{said}");
}

/// A stream of objects, as the loader unpacks it before anything is asked of it. lopdf writes none
/// that it is given: it gets another name until it is written.
fn objects(index: &str, body: &str) -> Stream {
    let count = i64::try_from(index.split_whitespace().count() / 2).unwrap();
    let first = i64::try_from(index.len()).unwrap();
    let about = dictionary! {"Type" => "ObjSt_", "N" => count, "First" => first};
    let mut stream = Stream::new(about, format!("{index}{body}").into_bytes());
    stream.compress().unwrap();
    stream
}

#[test]
fn small_files_that_unpack_to_much_are_refused() {
    let parts = |parts: Vec<Stream>| {
        let mut document = handbook();
        for part in parts {
            document.add_object(part);
        }
        let mut file = bytes(document);
        assert!(file.len() < 200_000, "{}", file.len());
        let places: Vec<usize> = (0..file.len())
            .filter(|at| file[*at..].starts_with(b"ObjSt_"))
            .collect();
        for place in places {
            file[place + 5] = b'm';
        }
        refusal(file)
    };
    let list = format!("[{}]", "0 ".repeat(100_000));
    let said = parts(vec![objects("9000 0 ", &list); 20]);
    assert!(said.contains("64 MiB in all"), "{said}");
    // One list that is read a thousand times, and lists that begin in each other.
    let again: String = (9_000..10_000)
        .map(|number| format!("{number} 0 "))
        .collect();
    let said = parts(vec![objects(&again, &list)]);
    assert!(said.contains("objects lie in each other"), "{said}");
    let nested: String = (0..90)
        .map(|depth| format!("{} {depth} ", 9_000 + depth))
        .collect();
    let body = format!("{}{list}{}", "[".repeat(90), "]".repeat(90));
    let said = parts(vec![objects(&nested, &body)]);
    assert!(said.contains("objects lie in each other"), "{said}");
    let said = parts(vec![objects("9000 0 ", &" ".repeat(3 * 1024 * 1024))]);
    assert!(said.contains("unpacks to more than"), "{said}");
    // What the pages draw counts together, too.
    let mut drawn = drawn_by("");
    let mut spaces = Stream::new(Dictionary::new(), vec![b' '; 7 * 1024 * 1024]);
    spaces.compress().unwrap();
    let spaces = drawn.add_object(spaces);
    let page = drawn.get_pages()[&1];
    let page = drawn.get_dictionary_mut(page).unwrap();
    page.set("Contents", vec![Object::Reference(spaces); 10]);
    let said = refusal(bytes(drawn));
    // A machine that is very busy comes to the end of its time before.
    let is_refused = said.contains("64 MiB in all") || said.contains("takes ");
    assert!(is_refused, "{said}");
}

#[test]
fn a_file_of_lists_and_a_file_of_indexes_are_refused() {
    let mut lists = handbook();
    lists.add_object(vec![Object::Array(Vec::new()); 700_000]);
    let said = refusal(bytes(lists));
    assert!(said.contains("more objects than a procedure"), "{said}");
    let mut chain = bytes(handbook());
    chain.extend(b"\n%%EOF <</Prev 12>>".repeat(101));
    let said = refusal(chain);
    assert!(said.contains("changed more than 100 times"), "{said}");
}

#[test]
fn a_file_that_draws_without_end_is_refused() {
    let said = refusal(bytes(drawn_by(&"q Q ".repeat(500_001))));
    // A machine that is very busy comes to the end of its time before.
    let is_refused = said.contains("draws more than") || said.contains("takes ");
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
