// Copies what the compiler leaves behind: the files of the status page.
import { cpSync } from 'node:fs';

const page = (base) => new URL(`../${base}/observe/http/page/`, import.meta.url);
cpSync(page('src'), page('dist'), { recursive: true });
