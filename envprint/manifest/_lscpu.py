"""Read collect_env's block about the CPU: lscpu's table on Linux, WMI's on Windows, one line on macOS."""

# ruff: noqa: RUF001 - lscpu's words in Turkish, Russian and Chinese have letters that look like Latin ones

import math
import re

# msgid of lscpu.c in util-linux -> msgstr of po/*.po, versions 2.29 to 2.41: lscpu speaks its user's language.
TRANSLATIONS = {
    "Architecture": "Architectuur|Architektur|Architektura|Arquitectura|Arquitetura|Mimari|Архитектура|Архітектура"
    "|アーキテクチャ|架构|架構|아키텍처",
    "Byte Order": "Bayt Sıralaması|Boutisme|Byte-Reihenfolge|Bytevolgorde|Kolejność bajtów|Ordem de byte"
    "|Ordem dos bytes|Orden de los bytes|Порядок байт|Порядок байтів|バイト順序|字节序|바이트 순서",
    "CPU(s)": "CPU|CPU's|Processeur(s)|İşlemciler|Процесори",
    "Vendor ID": "Anbieterkennung|ID de fabricante|ID de fornecedor|ID producenta|ID прроизводителя|Producent-ID"
    "|Identifiant constructeur|Sağlayıcı Kimliği|Ідентифікатор виробника|ベンダー ID|供應商識別號|厂商 ID|제조자 ID",
    "Model name": "Modellname|Modelnaam|Modem ismi|Nazwa modelu|Nom de modèle|Nombre del modelo|Nome do modelo"
    "|Имя модели|Назва моделі|モデル名|型号名称|모델 이름",
    "CPU family": "CPU ファミリー|CPU 家族|CPU 系列|CPU 계열|CPU-familie|Familia de CPU|Famille de processeur"
    "|Família da CPU|Prozessorfamilie|Rodzina CPU|İşlemci ailesi|Семейство ЦПУ|Сімейство процесорів",
    "Model": "Modell|Modelo|Modèle|Модель|モデル|型号|型號|모델",
    "Thread(s) per core": "Draden per kern|Hilo(s) de procesamiento por núcleo|Thread(s) par cœur|Thread(s) per núcleo"
    "|Thread(s) pro Kern|Tópicos por núcleo|Wątków na rdzeń|Çekirdek başına iş parçacığı|Потоків на ядро"
    "|コアあたりのスレッド数|每个核的线程数|每核心執行緒數|코어 당 스레드",
    "Core(s) per socket": "Cœur(s) par socket|Kern(e) pro Sockel|Kern(e) pro Socket|Kernen per voet"
    "|Núcleo(s) por socket|Núcleo(s) por soquete|Núcleo(s) por «socket»|Núcleos por socket|Rdzeni na gniazdo"
    "|Soket başına çekirdek|Ядер на сокет|ソケットあたりのコア数|每个座的核数|每通訊端核心數|소켓 당 코어 수",
    "Socket(s)": "CPU-voeten|Gniazd|Sockel|Sockets|Soket(ler)|Soquete(s)|«Socket(s)»|Сокети|Сокетов|ソケット数|座|소켓",
    "Stepping": "Adımlama|Passos|Revisión|Révision|Step|Wersja|Модифікація|Степпинг|ステッピング|步进|製程|스테핑",
    "Flags": "Bandeiras|Bayraklar|Drapaux|Drapeaux|Flagi|Indicadores|Markierungen|Opções|Vlaggen|Прапорці|Флаги|フラグ"
    "|标记|플래그",
    "Hypervisor vendor": "Constructeur d'hyperviseur|Fabricante del hipervisor|Fabricante do hipervisor"
    "|Fornecedor do hipervisor|Hypervisor 供應商|Hypervisor-Anbieter|Hypervisorproducent|Hypervizör sağlayıcı"
    "|Producent hipernadzorcy|Виробник гіпервізора|Разработчик гипервизора|ハイパーバイザのベンダー|超管理器厂商",
    "Address sizes": "Adresgroottes|Adressgrößen|Rozmiary adresów|Tailles des adresses|Tamanhos de endereço"
    "|Tamanhos de endereços|Tamaños de las direcciones|tamanhos de endereços|Розміри адрес|アドレスサイズ|주소 크기",
    "Microcode version": "Microcode-Version|Version du microcode|Версія мікропрограми|마이크로 코드 버전",
    "Vulnerabilities": "Kwetsbaarheden|Podatności|Schwachstellen|Vulnerabilidades|Vulnérabilités|Вразливості|脆弱性",
}
ENGLISH = {word: label for label, words in TRANSLATIONS.items() for word in words.split("|")}
VULNERABILITY = re.compile(
    r"(?:Vulnerability|Kwetsbaarheid|Podatność|Schwachstelle|Vulnerabilidade?|Vulnérabilité|Вразливість|脆弱性) (.+)"
)
SEPARATOR = re.compile(r"[:：︰=]")
CACHE = re.compile(r"(?:.* )?(L[1-4][di]?)(?: .*)?")  # `L1d cache`, `L1d Cache`, `Cache L1d`, `L1d`
SIZE = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,6})?) ?([KMG]?)(?:i?B)?(?: \(([0-9]{1,5}) instances?\))?")
NODE = re.compile(r"(?=.*NUMA)[^0-9]*([0-9]{1,4})[^0-9]*")  # `NUMA node0 CPU(s)`, `CPU(s) del nodo NUMA 0`
CPU_LIST = re.compile(r"[0-9]{1,5}(?:-[0-9]{1,5})?(?:,[0-9]{1,5}(?:-[0-9]{1,5})?)*")
ADDRESS = re.compile(r"([0-9]{1,3}) bits (physical|virtual)")
UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}
COLON = re.compile(r"(?<=[;,] )(IBPB|STIBP|PBRSB-eIBRS|BHI|VMX)(?= )")
VULNERABLE = "Vulnerability "
LIMIT_LINE = 20_000  # flags take 2 000
LIMIT_LIST = 4000


def parse_table(block: str) -> dict[str, str]:
    """Return the lines of lscpu or WMI by their English label; a vulnerability is `Vulnerability Meltdown`.

    Samples: `Model name:   AMD EPYC 7742`, `Modellname:   AMD EPYC 7742`, `Name=AMD EPYC 7742`. The processors that WMI
    lists are counted in `Processors`. A line without a separator continues the one before it.
    """
    table: dict[str, str] = {}
    label, prefix, processors = "", "", 0
    for line in block.splitlines():
        name, value = _split(line[:LIMIT_LINE])
        if not name:
            if len(table.get(label, "")) < LIMIT_LINE:
                table[label] = f"{table.get(label, '')} {value}".strip()
            continue
        label = _english(name, prefix)
        if label == "Vulnerabilities" and not value:
            prefix = VULNERABLE
        processors += label == "DeviceID"
        table.setdefault(label, value)
    return {**table, "Processors": str(processors)} if processors else table


def cache_bytes(table: dict[str, str]) -> dict[str, int]:
    """Return the size of one cache of each level by name, `l1d`; {} where only sums are told (lscpu before 2.37).

    Sample: `L1d cache:   96 KiB (2 instances)`, the sum of both. Where cores are of several kinds no quotient is true;
    they show by caches of which there is no equal number, or by threads that do not multiply. Sums are rounded to one
    decimal, so a quotient that is no whole number of KiB is none either.
    """
    found = {}
    for label, value in table.items():
        name, size = CACHE.fullmatch(label[:100]), SIZE.fullmatch(value[:100])
        if name and size and size[3] and int(size[3]):
            total = round(float(size[1].replace(",", ".")) * UNITS[size[2]])
            found[name[1].lower()] = (total, int(size[3]))
    counts = {count for name, (_, count) in found.items() if name != "l3"}
    if len(counts) > 1 or not _cores_are_alike(table):
        return {}
    if any(total % (1024 * count) for total, count in found.values()):
        return {}
    return {name: total // count for name, (total, count) in sorted(found.items())}


def numa_nodes(table: dict[str, str]) -> dict[str, str]:
    """Return the CPUs of each NUMA node as Linux lists them, `{"0": "0-15,64-79"}`."""
    found = {}
    for label, value in table.items():
        node = NODE.fullmatch(label[:100])
        if node and (not value or CPU_LIST.fullmatch(value[:LIMIT_LIST])):
            found[node[1]] = _as_linux_lists(value)
    return found


def mitigations(table: dict[str, str]) -> dict[str, str]:
    """Return the state of each vulnerability by the kernel's name of it, `spectre_v1`, in the kernel's words."""
    return {
        label.removeprefix(VULNERABLE).lower().replace(" ", "_"): _as_linux_words(value)
        for label, value in table.items()
        if label.startswith(VULNERABLE)
    }


def number(table: dict[str, str], label: str) -> int | None:
    """Return a whole number of the table; None where there is none."""
    value = table.get(label, "")
    return int(value) if re.fullmatch(r"[0-9]{1,6}", value) else None


def count_online(table: dict[str, str]) -> int | None:
    """Return how many CPUs are on line; `CPU(s)` counts those that are not, too."""
    listed = table.get("On-line CPU(s) list", "")[:LIMIT_LIST]
    if CPU_LIST.fullmatch(listed):
        return sum(last - first + 1 for first, last in _ranges(listed))
    return number(table, "CPU(s)")


def _cores_are_alike(table: dict[str, str]) -> bool:
    counts = [number(table, label) for label in ("Socket(s)", "Core(s) per socket", "Thread(s) per core")]
    return None not in counts and math.prod(count or 0 for count in counts) == count_online(table)


def _ranges(listed: str) -> list[tuple[int, int]]:
    parts = (part.partition("-") for part in listed.split(",") if part)
    return [(int(first), int(last or first)) for first, _, last in parts]


def _as_linux_lists(listed: str) -> str:
    """Return `0-1` for lscpu's `0,1`: it writes two neighbours as two."""
    merged: list[tuple[int, int]] = []
    for first, last in _ranges(listed[:LIMIT_LIST]):
        if merged and merged[-1][1] + 1 == first:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in merged)


def _as_linux_words(value: str) -> str:
    """Return a mitigation with the colons that lscpu took out: `Mitigation; Retpolines; IBPB conditional`.

    lscpu-cputype.c; the words with a colon are those of arch/x86/kernel/cpu/bugs.c.
    """
    if not value.startswith("Mitigation;"):
        return value
    return COLON.sub(r"\1:", value.replace("Mitigation;", "Mitigation:", 1))


def _split(line: str) -> tuple[str, str]:
    match = SEPARATOR.search(line)
    if match is None:
        return "", line.strip(" -")
    return line[: match.start()].strip(), line[match.end() :].strip()


def _english(name: str, prefix: str) -> str:
    vulnerability = VULNERABILITY.fullmatch(name[:200])
    if vulnerability:
        return VULNERABLE + vulnerability[1]
    return prefix + ENGLISH.get(name, name)
