//! Sentences about times, and the rules that they become. A wrong rule is worse than none: what is not
//! sure becomes no rule.

use commander::domain::sop::Offer;

use super::statements::recognised;

const DEPLOYS: &str = "plan.action in [\"deploy\", \"promote\"]";
const PRODUCTION: &str = "plan.environment in [\"production\", \"prod\", \"prd\", \"live\"]";
const WORKDAYS: &str =
    "time.weekday in [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\"]";
const FRIDAY: &str = "time.weekday == \"friday\"";
const NOT_FRIDAY: &str = "!(time.weekday == \"friday\")";
const NIGHT: &str = "((time.hour >= 20 || time.hour < 6))";
const WAY_BACK: &str = "plan.rollback_target || attested.rollback_plan == \"yes\"";
const BACKUP: &str =
    "plan.scripts.exists(script, script.contains(\"backup\")) || attested.backup == \"yes\"";

/// What each offered rule asks for, behind an arrow where it holds at times only.
fn rules(said: &str) -> Vec<String> {
    let offers = Offer::all(&recognised(&format!("{said}\n")));
    let rules = offers.into_iter().filter_map(|offer| offer.rule);
    let mut shown: Vec<String> = rules
        .map(|rule| {
            let when = rule.when.unwrap_or_default();
            let when = when.strip_prefix(DEPLOYS).unwrap_or(&when);
            let when = when.trim_start_matches(" && ");
            let require = rule
                .require
                .unwrap_or_else(|| format!("{} approvals", rule.approvals.unwrap_or_default()));
            match when {
                "" => require,
                when => format!("{when} => {require}"),
            }
        })
        .collect();
    shown.sort();
    shown
}

fn become_(cases: &[(&str, &[&str])]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(said, expected)| {
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            let found = rules(said);
            (found != expected).then(|| format!("{said}\n  {found:?}\n  {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn become_nothing(said: &[&str]) {
    let cases: Vec<(&str, &[&str])> = said.iter().map(|said| (*said, &[][..])).collect();
    become_(&cases);
}

#[test]
fn hours_that_are_allowed_are_never_banned_by_the_ban_behind_them() {
    let nine_to_five: &[&str] = &["time.hour >= 9 && time.hour < 17", NOT_FRIDAY];
    let nine_to_four: &[&str] = &["time.hour >= 9 && time.hour < 16", NOT_FRIDAY];
    become_(&[
        ("We deploy from 9 to 5, never on Fridays.", nine_to_five),
        (
            "We deploy from 9am to 5pm, but never on Fridays.",
            nine_to_five,
        ),
        (
            "Deployments are allowed from 9 to 17, but not on Fridays.",
            nine_to_five,
        ),
        (
            "Nous déployons de 9h à 16h, jamais le vendredi.",
            nine_to_four,
        ),
        ("Fazemos deploy das 9h às 16h, nunca à sexta.", nine_to_four),
        ("Wir deployen von 9 bis 16 Uhr, nie freitags.", nine_to_four),
        (
            "Desplegamos de 9 a 16 horas, nunca los viernes.",
            nine_to_four,
        ),
        ("我们每天9点到16点部署，周五绝不部署。", &[NOT_FRIDAY]),
    ]);
}

#[test]
fn of_a_first_half_that_is_not_plain_nothing_is_said() {
    become_(&[
        (
            "We deploy from 9 to 5 when the boats are in, never on Fridays.",
            &[NOT_FRIDAY],
        ),
        (
            "We like Tuesdays and Wednesdays for deploys, never on Fridays.",
            &[NOT_FRIDAY],
        ),
        (
            "Releases go out between 10:00 and 15:00 Berlin time, never on Fridays.",
            &[NOT_FRIDAY],
        ),
        (
            "The ferry leaves at 18:00, never deploy on Fridays.",
            &[NOT_FRIDAY],
        ),
        (
            "The office closes at 17:00, no deploys after 16:00.",
            &["!(time.hour >= 16)"],
        ),
        (
            "Wir deployen nur bei Flut um 9 Uhr, nie freitags.",
            &[NOT_FRIDAY],
        ),
    ]);
}

#[test]
fn a_first_half_that_says_when_belongs_to_the_ban() {
    let after_three: &[&str] = &["!((time.weekday == \"friday\" && time.hour >= 15))"];
    become_(&[
        ("On Fridays, never after 15:00.", after_three),
        ("Fridays after 15:00, do not deploy.", after_three),
        ("Fridays are for rest, no deploys after 15:00.", after_three),
        (
            "Not on Fridays, not after 15:00.",
            &["!(time.weekday == \"friday\" || time.hour >= 15)"],
        ),
        (
            "Deployments only in the morning, on Fridays not at all.",
            &["time.hour >= 6 && time.hour < 12", NOT_FRIDAY],
        ),
    ]);
    become_nothing(&["Deployments should ideally happen before lunch, not after."]);
}

#[test]
fn in_chinese_before_and_after_stand_behind_the_hour() {
    become_(&[
        ("18:00之后不要发布。", &["!(time.hour >= 18)"]),
        ("晚上十点以后不得发布。", &["!(time.hour >= 22)"]),
        (
            "周五15点之后禁止上线。",
            &["!((time.weekday == \"friday\" && time.hour >= 15))"],
        ),
        ("请在下午四点之前完成部署。", &["time.hour < 16"]),
        ("上午9点以前禁止部署。", &["!(time.hour < 9)"]),
        ("发布只能在每天17点前进行。", &["time.hour < 17"]),
        (
            "只能在10:00之后、16:00之前发布。",
            &["time.hour >= 10 && time.hour < 16"],
        ),
        (
            "下午6点以后未经批准不得发布。",
            &["(time.hour >= 18) => 1 approvals"],
        ),
    ]);
    become_nothing(&[
        "周三之前不要发布。",
        "12月24日之前禁止发布。",
        "除周二外禁止发布。",
    ]);
}

#[test]
fn what_is_banned_without_something_asks_for_it_then() {
    let way_back = format!("{NIGHT} => {WAY_BACK}");
    let way_back: &[&str] = &[&way_back];
    let on_call = format!("{PRODUCTION} && (time.hour >= 18) => attested.on_call == \"yes\"");
    let backup = format!("({FRIDAY}) => {BACKUP}");
    let cto = "(time.month == 12) => approval.roles.exists(role, role == \"cto\")";
    become_(&[
        ("Never during the night without a rollback plan.", way_back),
        (
            "Never deploy during the night without a rollback plan.",
            way_back,
        ),
        ("Niemals nachts ohne Rückfallplan ausrollen.", way_back),
        ("Nenhum deploy à noite sem plano de rollback.", way_back),
        ("夜间没有回滚方案不得发布。", way_back),
        ("Night deploys must have a rollback plan.", way_back),
        (
            "No production deploys after 18:00 without on-call.",
            &[&on_call],
        ),
        ("Without a backup, no deploys on Fridays.", &[&backup]),
        (
            "Never release in December without the approval of the CTO.",
            &[cto],
        ),
        ("Deploys in December need the approval of the CTO.", &[cto]),
        (
            "Keine Deployments am Wochenende ohne Rücksprache.",
            &["(time.weekday in [\"saturday\", \"sunday\"]) => attested.announcement == \"yes\""],
        ),
        (
            "Outside of 9:00-17:00 deploys need an approval.",
            &["!(time.hour >= 9 && time.hour < 17) => 1 approvals"],
        ),
    ]);
    // Where there are two bans, each is one.
    become_(&[
        (
            "No deploys on Fridays, and never without a backup.",
            &[NOT_FRIDAY, BACKUP],
        ),
        (
            "No deploys on Fridays or without a backup.",
            &[NOT_FRIDAY, BACKUP],
        ),
    ]);
    become_nothing(&["No deploys on Fridays without the cat of the harbour."]);
}

#[test]
fn times_that_are_excepted_are_told_from_those_that_are_meant() {
    let office: &[&str] = &["time.hour >= 9 && time.hour < 17", NOT_FRIDAY];
    become_(&[
        (
            "Deploys are allowed from 9 to 17, except on Fridays.",
            office,
        ),
        (
            "Deploys sind von 9 bis 17 Uhr erlaubt, freitags ausgenommen.",
            office,
        ),
        ("发布时间为每天9点至17点，周五除外。", office),
        (
            "No deploys except on Tuesdays.",
            &["time.weekday == \"tuesday\""],
        ),
        (
            "Aucun déploiement sauf le mardi.",
            &["time.weekday == \"tuesday\""],
        ),
        (
            "No deploys on Fridays except before noon.",
            &["!(time.hour < 12) => !(time.weekday == \"friday\")"],
        ),
        ("No deploys on Fridays without exception.", &[NOT_FRIDAY]),
        (
            "Deploy Monday to Friday except on public holidays.",
            &["attested.holiday != \"yes\" && !time.holiday", WORKDAYS],
        ),
    ]);
    become_nothing(&[
        "Deploy on every day but Friday.",
        "Deploys are allowed except on Fridays.",
    ]);
}

#[test]
fn what_two_times_say_together_holds_for_both() {
    become_(&[
        (
            "No deploys in December after 15:00.",
            &["(time.hour >= 15) => !(time.month == 12)"],
        ),
        (
            "No deploys on Fridays in December.",
            &["(time.weekday == \"friday\") => !(time.month == 12)"],
        ),
        (
            "No deploys after 15:00 on the day before a public holiday.",
            &["(time.hour >= 15) => attested.holiday != \"yes\" && !time.before_holiday"],
        ),
        (
            "On Fridays deploy only before noon.",
            &["(time.weekday == \"friday\") => time.hour < 12"],
        ),
        (
            "周五只能在12点前发布。",
            &["(time.weekday == \"friday\") => time.hour < 12"],
        ),
        (
            "No deploys at night and on weekends.",
            &[
                "!((time.hour >= 20 || time.hour < 6) || time.weekday in [\"saturday\", \"sunday\"])",
            ],
        ),
        (
            "After 10:00 and before 16:00 only.",
            &["time.hour >= 10 && time.hour < 16"],
        ),
    ]);
}

#[test]
fn the_ends_of_a_range_are_those_that_are_meant() {
    let until_monday = "!((time.weekday == \"friday\" && time.hour >= 16) || \
                        time.weekday in [\"saturday\", \"sunday\"] || \
                        (time.weekday == \"monday\" && time.hour < 8))";
    become_(&[
        (
            "Deploy between 2 and 4 pm.",
            &["time.hour >= 14 && time.hour < 16"],
        ),
        (
            "Deploy from 9am to 5.",
            &["time.hour >= 9 && time.hour < 17"],
        ),
        (
            "No deploys between 22 and 6.",
            &["!((time.hour >= 22 || time.hour < 6))"],
        ),
        ("Deploys must be finished by 16:00.", &["time.hour < 16"]),
        ("Releases spätestens um 15 Uhr.", &["time.hour < 15"]),
        (
            "Les déploiements doivent être terminés à 16h au plus tard.",
            &["time.hour < 16"],
        ),
        (
            "Sin despliegues desde el viernes a las 16 hasta el lunes a las 8.",
            &[until_monday],
        ),
        (
            "Pas de mise en production du vendredi 16h au lundi 8h.",
            &[until_monday],
        ),
        (
            "Nicht vor 9 und nicht nach 17 Uhr deployen.",
            &["!(time.hour < 9 || time.hour >= 17)"],
        ),
        (
            "Keine Deployments am Freitagnachmittag.",
            &["!((time.weekday == \"friday\" && time.hour >= 12 && time.hour < 18))"],
        ),
        (
            "From Friday noon to Monday morning nothing is released.",
            &["!((time.weekday == \"friday\" && time.hour >= 12) || \
                time.weekday in [\"saturday\", \"sunday\"] || \
                (time.weekday == \"monday\" && time.hour < 6))"],
        ),
        (
            "No deploys between Christmas and New Year.",
            &["!((time.month * 100 + time.day >= 1225 || time.month * 100 + time.day <= 101))"],
        ),
    ]);
}

#[test]
fn what_is_not_sure_becomes_no_rule() {
    become_nothing(&[
        "Deploys start at 10:00.",
        "No deploys at 12:00.",
        "No Friday deploys after 3.",
        "No deploys from 10 to 6.",
        "Deploy between 2 and 4.",
        "No deploys from 5 pm to 9.",
        "No deploys before Friday.",
        "No deploys until Monday.",
        "No deploys on the first Monday of the month.",
        "No deploys on the last Friday of the month.",
        "Pas de déploiement le premier lundi du mois.",
        "Am ersten Montag im Monat wird nicht deployt.",
        "每月第一个周一不得上线。",
        "No deploys on alternate Fridays.",
        "No releases in the last hour of the working day.",
        "No releases in the last two hours before the end of the day.",
        "No deploys on the day after a holiday.",
        "No deploys the week before Christmas.",
        "Deploy only on working days that are followed by no holiday.",
        "Stop all deploys by 16:00 on Fridays.",
        "Deploy on Tuesdays, or on Thursdays before noon.",
        "Weekend deploys are not forbidden.",
        "Freitagmorgen keine Deployments.",
    ]);
}

#[test]
fn and_between_days_and_hours_asks_for_both_unless_it_bans() {
    let both = "(time.weekday in [\"monday\", \"tuesday\", \"wednesday\", \"thursday\"] \
                && time.hour < 15)";
    let nine = "(time.weekday == \"tuesday\" && time.hour >= 9 && time.hour < 17)";
    become_(&[
        (
            "Only deploy from Monday to Thursday and before 15:00.",
            &[both],
        ),
        (
            "Deploys must be from Monday to Thursday and before 15:00.",
            &[both],
        ),
        (
            "Nur von Montag bis Donnerstag und vor 15 Uhr deployen.",
            &[both],
        ),
        (
            "Sólo desplegar de lunes a jueves y antes de las 15:00.",
            &[both],
        ),
        ("Ne déployer que du lundi au jeudi et avant 15h.", &[both]),
        (
            "Só fazer deploy de segunda a quinta e antes das 15h.",
            &[both],
        ),
        ("Sólo desplegar entre 9:00 y 17:00 y los martes.", &[nine]),
        (
            "When it is Friday and after 15:00, do not deploy.",
            &["!((time.weekday == \"friday\" && time.hour >= 15))"],
        ),
        (
            "No deploys on Fridays and after 15:00.",
            &["!(time.weekday == \"friday\" || time.hour >= 15)"],
        ),
        (
            "Only deploy on Fridays or before 15:00.",
            &["time.weekday == \"friday\" || time.hour < 15"],
        ),
        (
            "Deploy Monday to Friday from 9 to 17, Fridays only until 12:00.",
            &[
                "(time.weekday in [\"monday\", \"tuesday\", \"wednesday\", \"thursday\"] \
               && time.hour >= 9 && time.hour < 17) \
               || (time.weekday == \"friday\" && time.hour >= 9 && time.hour < 12)",
            ],
        ),
    ]);
}

#[test]
fn times_in_a_list_before_a_ban_are_banned() {
    let banned = "!((time.weekday == \"friday\" && time.hour >= 12 && time.hour < 18) \
                  || time.weekday in [\"saturday\", \"sunday\"])";
    become_(&[
        (
            "Los viernes por la tarde y los fines de semana no se despliega.",
            &[banned],
        ),
        (
            "Vendredi de 12:00 à 18:00 et les week-ends pas de déploiement.",
            &[banned],
        ),
    ]);
    become_nothing(&["From 12:00 to 14:00 and never on Fridays."]);
}

#[test]
fn times_that_a_conjunction_parts_never_narrow_each_other() {
    become_nothing(&[
        "No deploys on Fridays and before public holidays after 15:00.",
        "No deploys on Fridays or in December after 15:00.",
        "No deploys on weekends and on Fridays in December.",
        "No deploys after 17:00 and on Fridays in December.",
        "Deploys in December or on Fridays after 15:00 need an approval.",
        "Deploys need two approvals on Fridays and in December.",
        "No deploys on the first Monday of the month without an approval.",
        "Deploys at 12:00 need an approval.",
        "Never deploy outside 9:00-17:00 or on Fridays.",
        "No deploys on weekends and Fridays after 15:00.",
        "No deploys on weekends, after 17:00 on weekdays.",
        "In December deploys are only allowed on Tuesdays.",
    ]);
    let december = "(time.hour >= 15) => !(time.month == 12)";
    become_(&[
        ("No deploys in December after 3pm.", &[december]),
        ("No deploys in December after 15:00.", &[december]),
        (
            "Deploys in December after 3pm need an approval.",
            &["(time.hour >= 15) && (time.month == 12) => 1 approvals"],
        ),
    ]);
}

#[test]
fn the_days_of_a_date_are_no_hours_and_none_of_them_is_lost() {
    let turn = "!((time.month * 100 + time.day >= 1220 || time.month * 100 + time.day <= 106))";
    let two = "!((time.month * 100 + time.day >= 1224 && time.month * 100 + time.day <= 1224) \
               || (time.month * 100 + time.day >= 1231 && time.month * 100 + time.day <= 1231))";
    become_(&[
        ("Keine Deployments vom 20. Dezember bis 6. Januar.", &[turn]),
        ("Freeze: 20. Dezember bis 6. Januar.", &[turn]),
        ("No deploys on December 24 and 31.", &[two]),
        ("No deploys on 24 and 31 December.", &[two]),
    ]);
    become_nothing(&[
        "Keine Deployments ab 20. Dezember.",
        "No deploys until January 6.",
        "In December, no deploys after 15:00.",
        "No deploys on December 24, 28 and 31.",
        "No deploys starting 20 December.",
        "No desplegar después de las 5 de la tarde.",
    ]);
}

#[test]
fn an_offer_with_hours_says_whose_hours_they_are() {
    let effect = |said: &str| Offer::all(&recognised(said))[0].effect.clone();
    let hours = effect("No deploys after 16:00 CET.\n");
    assert!(hours.ends_with("`advisor.timezone` names."), "{hours}");
    assert!(!effect("No deploys on Fridays.\n").contains("timezone"));
}
