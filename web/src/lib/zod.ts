/** zod without compiled code, which the content security policy forbids. Import it first. */
import { z } from "zod";

z.config({ jitless: true });
