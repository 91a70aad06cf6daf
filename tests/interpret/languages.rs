//! Other languages than English: what they may do, and that none of them lowers a guard.

use commander::domain::intent::Action;
use commander::domain::interpret::{Outcome, Vocabulary, WarningCode, interpret};

use super::{action, closed, definition, draft, environments, open};

#[test]
fn the_common_commands_are_understood_with_a_catalogue() {
    for (text, expected) in [
        (
            "Bitte den backend v1.2 auf Produktion deployen",
            Action::Deploy,
        ),
        ("Rolle shop auf Staging zurück", Action::Rollback),
        ("Reinicia payment service en producción", Action::Restart),
        (
            "Déploie la version v1.2 de shop sur staging",
            Action::Deploy,
        ),
        ("Faça rollback do shop em produção", Action::Rollback),
        ("请重启生产环境的shop服务", Action::Restart),
    ] {
        let reading = interpret(text, definition(), &closed(), None);
        assert_eq!(reading.outcome, Outcome::Plan, "{text}: {reading:?}");
        assert_eq!(action(&reading), Some(expected), "{text}");
        let named = draft(&reading).service.as_ref().unwrap().span.unwrap();
        assert!(text.get(named.start..named.end).is_some(), "{text}");
    }
}

#[test]
fn what_forbids_asks_or_tells_makes_no_plan_in_any_language() {
    for text in [
        "Nicht shop v1 auf Produktion deployen",
        "Deploye shop v1 bitte nicht auf Produktion",
        "Sollen wir shop v1 auf Produktion deployen?",
        "Wir haben shop v1 auf Produktion ausgerollt",
        "No despliegues shop v1 en producción",
        "¿Debería desplegar shop v1 en producción?",
        "Ya desplegamos shop v1 en producción",
        "Ne déploie jamais shop v1 en production",
        "Dois-je déployer shop v1 en production ?",
        "shop v1 a été déployé en production",
        "Não implante shop v1 em produção",
        "Devo implantar shop v1 em produção?",
        "shop v1 foi implantado em produção",
        "不要把shop v1部署到生产环境",
        "要不要把shop v1部署到生产环境？",
        "shop v1 已经部署到生产环境",
    ] {
        for vocabulary in [Vocabulary::Open, closed()] {
            let reading = interpret(text, definition(), &vocabulary, None);
            assert_ne!(reading.outcome, Outcome::Plan, "{text}: {reading:?}");
        }
    }
}

#[test]
fn an_approval_is_none_in_any_language() {
    for text in [
        "ja",
        "genehmigt",
        "sí",
        "aprobado",
        "oui",
        "approuvé",
        "sim",
        "aprovado",
        "好的",
        "批准",
    ] {
        let reading = open(text);
        assert_eq!(reading.outcome, Outcome::Unsupported, "{text}");
        assert!(reading.intent.is_none(), "{text}");
    }
}

#[test]
fn a_yes_answers_in_the_language_of_the_answer() {
    let asked = interpret("restart shpo on staging", definition(), &closed(), None);
    for yes in ["ja", "sí", "oui", "sim", "是的"] {
        let context = asked.context(None);
        let reading = interpret(yes, definition(), &closed(), Some(&context));
        assert_eq!(reading.outcome, Outcome::Plan, "{yes}: {reading:?}");
        assert_eq!(environments(&reading), ["staging"]);
    }
}

#[test]
fn a_language_that_is_not_spoken_is_answered_with_those_that_are() {
    for text in [
        "デプロイしてください",
        "Разверни это",
        "Zainstaluj to teraz",
    ] {
        let reading = open(text);
        assert_eq!(reading.outcome, Outcome::Unsupported, "{text}");
        assert!(reading.answer.unwrap().contains("German"), "{text}");
    }
}

#[test]
fn marks_of_chinese_text_are_no_disguise() {
    let reading = open("部署 shop v1 到 staging，谢谢！");
    assert_eq!(reading.outcome, Outcome::Plan, "{reading:?}");
    assert!(!reading.warns(WarningCode::Normalised));
}
