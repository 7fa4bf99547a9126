"""Invented names. Any likeness to a person or company is chance."""

from random import Random

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛"
GIVEN = "晓岚子轩雨桐浩然思远佳怡文博梦琪嘉树清扬知行若水明哲静姝景行南乔书瑶一鸣安然听澜望舒星野念初云舟"

AGENCY_FIRST = (
    "云雀", "青岚", "麦浪", "星屿", "白鹭洲", "拾穗", "松涛", "晴川渡", "半山灯", "远帆",
    "栖木", "渔火", "竹里", "海棠巷", "山月", "听雪", "蓝鲸", "木棉", "南枝", "朝雾",
    "鹿鸣", "石榴树", "云外", "灯塔", "信风", "长堤", "小满", "银杏道",
)  # fmt: skip
AGENCY_FIRST_EN = (
    "Lark", "Green Mist", "Wheatwave", "Star Islet", "Egret Isle", "Gleaners", "Pinewind", "Clearford",
    "Hillside Lamp", "Far Sail", "Perch", "Fishing Lights", "Bamboo Lane", "Crabapple Alley", "Hill Moon",
    "Snowlisten", "Blue Whale", "Kapok", "South Branch", "Dawnfog",
    "Deersong", "Pomegranate", "Beyond Cloud", "Lighthouse", "Tradewind", "Long Bank", "Little Full", "Ginkgo Road",
)  # fmt: skip
AGENCY_LAST = {
    "onsite": ("案场代理", "Site Agency"),
    "referral": ("房产", "Homes"),
    "community": ("邻里荐", "Neighbours"),
    "platform": ("找房网", "House Finder"),
}
STORES = ("中心店", "河东店", "公园店", "地铁口店", "新城店", "老街店", "大学路店", "湖滨店")
BANKS = ("云山商业银行", "长汀银行", "海屿银行", "青石信用社")

NOTES = (
    "", "", "", "首次置业，预算 300 万以内", "想看三房朝南", "陪父母一起来", "已看过竞品", "关注学校",
    "Wants a high floor", "改善型，卖旧买新", "周末才有空",
)  # fmt: skip
WITHDRAWALS = ("客户已在别处购房", "客户暂缓购房", "信息填错，重新报备")
CANCELLATIONS = ("贷款未获批准", "家庭原因放弃购买", "客户改变主意", "资金周转困难")
OVERRIDES = ("客户已在售楼处等候，经理现场核实", "堵车迟到，微信记录为证", "Client flew in early; seen by the manager")
CONTESTS = (
    "客户 10 天前已由我司带看，请核查监控。",
    "我司先报备，聊天记录可证明。",
    "客户一直由我司经纪人跟进，请重新判定。",
    "Our broker brought this client to the site first.",
)
UPHELD = ("经核查到访记录，维持原判定。", "报备时间晚于他方保护期，维持原结果。")


def person(rng: Random) -> str:
    """Return an invented name of two or three characters."""
    return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))


def agency(index: int, kind: str) -> str:
    """Return an invented name in both languages; where the names of a kind run out, with a number."""
    again, place = divmod(index, len(AGENCY_FIRST))
    cn, en = AGENCY_LAST[kind]
    number = f" {again + 1}" if again else ""
    return f"{AGENCY_FIRST[place]}{cn}{number} {AGENCY_FIRST_EN[place]} {en}{number}"
