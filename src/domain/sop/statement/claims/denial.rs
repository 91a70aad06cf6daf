//! Whether a command denies what it names: "without a backup", "approval pending", "announced too late".

use super::super::meaning::{Meaning, Word};
use super::super::sentence::Tag;
use super::super::token::is_wide;

/// "without a backup", "no tests", "skip the scan"
pub(in super::super) fn is_denied(tags: &[Tag], at: usize) -> bool {
    tags[..at]
        .iter()
        .rev()
        .take(5)
        // "Nothing else" ends nothing.
        .take_while(|tag| {
            !matches!(tag.meaning, Meaning::Mark(_)) && (!tag.ends_clause() || tag.first == "else")
        })
        .take_while(|tag| !GOES_ON.contains(&tag.first.as_str()))
        .any(|tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Without | Word::Not | Word::Skip)
            ) || ABSENT.iter().any(|word| tag.first.starts_with(word))
        })
        || (MUST_LEAD.iter().any(|word| tags[at].is(*word)) && comes_too_late(tags, at))
        || at.checked_sub(1).is_some_and(|before| {
            // "0 critical findings"
            tags[before].first == "non" || tags[before].meaning == Meaning::Number(0)
        })
}

/// "没备份就迁移": without a backup, then it migrates; the denial ends there.
const GOES_ON: [&str; 5] = ["就", "还", "仍", "便", "却"];

/// What is worth nothing afterwards.
const MUST_LEAD: [Word; 6] = [
    Word::Backup,
    Word::Approve,
    Word::Scan,
    Word::Review,
    Word::Ticket,
    Word::Test,
];

/// "deploy before the backup": what must come first comes last.
pub(super) fn comes_too_late(tags: &[Tag], at: usize) -> bool {
    let acts = |tag: &Tag| {
        matches!(
            tag.meaning,
            Meaning::Word(Word::Deploy | Word::Migration | Word::Change)
        )
    };
    let near_before = tags[..at].iter().rev().take(3);
    let mut to_before = near_before.take_while(|tag| !matches!(tag.meaning, Meaning::Mark(_)));
    let acted = tags[..at].iter().any(acts);
    // In Chinese it stands behind what comes first; "vorher", "two days ahead" say how early.
    const EARLY: [&str; 6] = ["vorher", "vorab", "zuvor", "ahead", "early", "earlier"];
    let before = |tag: &Tag| match tag.first.starts_with(is_wide) {
        // "上线后才备份": so stands "after", too. Tests may follow.
        true => tag.is(Word::After) && !tags[at].is(Word::Test),
        false => tag.is(Word::Before) && !EARLY.contains(&tag.first.as_str()),
    };
    let leads = acted && to_before.any(before);
    let behind = tags.get(at + 1..).unwrap_or_default();
    let trails = behind
        .iter()
        .take(2)
        .position(|tag| tag.is(Word::After) && !tag.first.starts_with(is_wide))
        // "y después", "et après": and then.
        .filter(|after| {
            let before = after.checked_sub(1).map(|before| &behind[before]);
            !before.is_some_and(|tag| is_conjunction(tag) || tag.meaning == Meaning::Mark(','))
        })
        .is_some_and(|after| behind.iter().skip(after + 1).take(3).any(acts));
    // "It goes out, and people hear of it afterwards"
    let afterwards = behind.iter().take(3).any(|tag| {
        ["afterwards", "afterward", "later", "danach", "nachher"].contains(&tag.first.as_str())
    });
    leads || trails || (acted && afterwards)
}

/// "backup missing", "approval: none", "rollback not tested"
pub(in super::super) fn is_missing(tags: &[Tag], at: usize) -> bool {
    let done = |tag: &Tag| {
        matches!(tag.meaning, Meaning::Word(Word::Done)) && !tag.first.starts_with("un")
    };
    denies_behind(&tags[at + 1..])
        || tags[at + 1..]
            .iter()
            .take(3)
            .take_while(|_| !is_reaction(tags, at))
            .take_while(|tag| match tag.meaning {
                Meaning::Mark(mark) => mark == ':',
                _ => !done(tag) && !tag.ends_clause() && !is_conjunction(tag),
            })
            .any(|tag| {
                // "Tests still running"; still green they are done.
                let unfinished = tag.first == "still" && tag.is(Word::AtOnce);
                // "Do not" is a phrase.
                let mut words = std::iter::once(&tag.first).chain(&tag.rest);
                let not = tag.is(Word::Not) && words.any(|word| NEGATIONS.contains(&word.as_str()));
                unfinished
                    || tag.is(Word::Skip)
                    || (tag.is(Word::Pass) && !passes(tag))
                    || not
                    || ABSENT.iter().any(|word| tag.first.starts_with(word))
            })
}

/// "Rollback on failed checks": it says when it is done.
pub(super) fn is_reaction(tags: &[Tag], at: usize) -> bool {
    let on = tags.get(at + 1).is_some_and(|tag| tag.first == "on");
    tags[at].is(Word::Rollback) && on && tags.get(at + 2).is_some_and(Tag::fails)
}

/// "Schema untouched": what stays as it is.
pub(super) fn is_untouched(tags: &[Tag], at: usize) -> bool {
    let near = tags[at + 1..].iter().take(3);
    let mut near = near.take_while(|tag| !tag.ends_clause());
    near.any(|tag| UNTOUCHED.iter().any(|word| tag.first.starts_with(word)))
}

const UNTOUCHED: [&str; 7] = [
    "untouched",
    "unchanged",
    "intact",
    "unver\u{e4}ndert",
    "unber\u{fc}hrt",
    "inchang",
    "inalterad",
];

/// "备份没有做", "方案未准备": in Chinese the denial stands behind what is missing, and denies
/// what is done with it, or nothing at all.
pub(super) fn denies_behind(behind: &[Tag]) -> bool {
    let denies = |tag: &Tag| {
        let word = matches!(tag.meaning, Meaning::Word(Word::Without | Word::Not));
        word && tag.first.starts_with(is_wide)
    };
    let [denial, rest @ ..] = behind else {
        return false;
    };
    denies(denial)
        && rest.first().is_none_or(|next| {
            matches!(
                next.meaning,
                Meaning::Other | Meaning::Mark(_) | Meaning::Word(Word::Done | Word::Pass)
            )
        })
}

const ABSENT: [&str; 28] = [
    "empty",
    "blank",
    "unfinished",
    "withheld",
    "missing",
    "absent",
    "pending",
    "outstanding",
    "expired",
    "none",
    "tbd",
    "lacking",
    "incomplete",
    "partial",
    "insufficient",
    "outdated",
    "stale",
    "rejected",
    "declined",
    "revoked",
    "withdrawn",
    "unavailable",
    "offline",
    "asleep",
    "unreachable",
    "forgot",
    "disabled",
    "despite",
];

/// Whole words, for the beginning of "error rate" says nothing of it.
pub(super) const ERRORS: [&str; 14] = [
    "fehler", "fehlern", "errores", "erro", "erros", "erreur", "erreurs", "错", "异", "报", "告",
    "飙", "抖", "超",
];

const NEGATIONS: [&str; 14] = [
    "no", "not", "never", "isn't", "aren't", "nicht", "n't", "nobody", "none", "nothing", "pas",
    "não", "无", "不",
];

pub(super) fn passes(tag: &Tag) -> bool {
    tag.is(Word::Pass) && !tag.fails()
}

pub(in super::super) fn is_conjunction(tag: &Tag) -> bool {
    const WORDS: [&str; 19] = [
        "and", "but", "then", "with", "und", "aber", "dann", "mit", "y", "pero", "luego", "con",
        "et", "mais", "puis", "avec", "e", "mas", "com",
    ];
    WORDS.contains(&tag.first.as_str())
}

/// Whether what is named lasts: "while a SEV2 is open".
pub(super) fn goes_on(tags: &[Tag]) -> bool {
    tags.iter()
        .enumerate()
        .any(|(at, tag)| (tag.is(Word::During) || tag.is(Word::Ongoing)) && !is_denied(tags, at))
}

pub(super) fn failing(tags: &[Tag], at: usize) -> bool {
    let from = at.saturating_sub(3);
    let near = tags.get(from..(at + 4).min(tags.len())).unwrap_or_default();
    near.iter()
        .any(|tag| (tag.is(Word::Pass) || tag.is(Word::Threshold)) && tag.fails())
}
