//! Traditional Chinese letters in their simplified form: the definitions are written in the latter.
//!
//! One letter for one letter, so that nothing moves in the text. The pairs are those of Unicode's
//! `kSimplifiedVariant`, as far as a letter of the definitions in `agents/` has such a variant.

use std::collections::HashMap;
use std::sync::LazyLock;

static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    TRADITIONAL_LETTERS
        .chars()
        .zip(SIMPLIFIED_LETTERS.chars())
        .collect()
});

/// The simplified form of a letter; every other character as it is.
pub fn simplified(c: char) -> char {
    match c {
        '\u{4e00}'..='\u{9fff}' => SIMPLIFIED.get(&c).copied().unwrap_or(c),
        _ => c,
    }
}

/// In the order of Unicode.
const TRADITIONAL_LETTERS: &str = "\
    丟並乾佈併來係俬倆倉個們備傢傳傾僅儘優儲內兩冊冪凍別刪則剛創劃動務勵卽厤參員問啓啟單嗎噁 \
    噹嚮嚴國圍團執報場壓壞夠學實審寫將對導屬峯崗師帶幫幹幾庫廣強彆彔後徑從復惡態慶應戶捱掃掛 \
    換擇據擴攔敎敗數斷於昇時晉暫曆曏書會朮東査條業榦構槍標樣機檔檢檯權歷歸殺毀決沒況泝淩測湊 \
    準滲滾滿漲漸潰澱為無煙煩熱營燬爲狀獨獲現環產産畢異當疊發盡監盤眞確碼礎禮種稱穩穫筆箇節範 \
    簽籤糰紅級細紹終組結絕給統絲絶經綠綫維網綴緊緑緒線編練緻縮總繞繫繼續纔羣義聖聯聲職脩腦腳 \
    臨臺與舊菸萬著蓋蔘薦藍處號術衕裏補裝裡製複覈見規視覽觀觸訂計記設許訴診註証評詞詢試話該詳誌 \
    認誕語誤說説誰調請論謝謹證識譭譯議護讀變讓負責資質賬賴趕車載輪辦迴這連週進遊運過達遠遡適 \
    遲遷選還郵釘針鈡銷錄錯録錶鍵鍼鍾鎖鏈鏡鐘長門閉開間閤閱閲閾闆關陞隊階隨險隱隻雙離電靜鞦韆 \
    響項順須預領頭頻題類顯風颱飄飆飛飯餘馬駐驗驟體髮鬚麪麫麵麼麽點齊齣";

/// In the same order.
const SIMPLIFIED_LETTERS: &str = "\
    丢并干布并来系私俩仓个们备家传倾仅尽优储内两册幂冻别删则刚创划动务励即历参员问启启单吗恶 \
    当向严国围团执报场压坏够学实审写将对导属峰岗师带帮干几库广强别录后径从复恶态庆应户挨扫挂 \
    换择据扩拦教败数断于升时晋暂历向书会术东查条业干构枪标样机档检台权历归杀毁决没况溯凌测凑 \
    准渗滚满涨渐溃淀为无烟烦热营毁为状独获现环产产毕异当叠发尽监盘真确码础礼种称稳获笔个节范 \
    签签团红级细绍终组结绝给统丝绝经绿线维网缀紧绿绪线编练致缩总绕系继续才群义圣联声职修脑脚 \
    临台与旧烟万着盖参荐蓝处号术同里补装里制复核见规视览观触订计记设许诉诊注证评词询试话该详志 \
    认诞语误说说谁调请论谢谨证识毁译议护读变让负责资质账赖赶车载轮办回这连周进游运过达远溯适 \
    迟迁选还邮钉针钟销录错录表键针钟锁链镜钟长门闭开间合阅阅阈板关升队阶随险隐只双离电静秋千 \
    响项顺须预领头频题类显风台飘飙飞饭余马驻验骤体发须面面面么么点齐出";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_traditional_letter_has_one_simplified_one() {
        assert_eq!(
            TRADITIONAL_LETTERS.chars().count(),
            SIMPLIFIED_LETTERS.chars().count()
        );
        let folded: String = "編譯 v1.2 後回滾".chars().map(simplified).collect();
        assert_eq!(folded, "编译 v1.2 后回滚");
    }
}
