package judge;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.util.Arrays;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * Checks the CMS of every signature of a PDF over its byte range, with PDFBox and Bouncy Castle.
 *
 * <p>One line for each: field, tab, VALID or what is wrong, tab, "whole" where it ends with the file.
 */
public final class Judge {
  private Judge() {}

  public static void main(String[] arguments) throws Exception {
    byte[] bytes = Files.readAllBytes(new File(arguments[0]).toPath());
    try (PDDocument document = Loader.loadPDF(bytes)) {
      for (var field : document.getSignatureFields()) {
        PDSignature signature = field.getSignature();
        if (signature != null) {
          int[] range = signature.getByteRange();
          String covers = range[2] + range[3] == bytes.length ? "whole" : "part";
          System.out.println(field.getFullyQualifiedName() + "\t" + verdict(signature, bytes) + "\t" + covers);
        }
      }
    }
  }

  private static String verdict(PDSignature signature, byte[] bytes) {
    try {
      byte[] signed = signature.getSignedContent(new ByteArrayInputStream(bytes));
      byte[] contents = signature.getContents(new ByteArrayInputStream(bytes));
      boolean stamp = "ETSI.RFC3161".equals(signature.getSubFilter());
      if (stamp && !covers(contents, signed)) {
        return "IMPRINT OF ANOTHER DOCUMENT";
      }
      CMSSignedData cms =
          stamp
              ? new CMSSignedData(contents)
              : new CMSSignedData(new CMSProcessableByteArray(signed), contents);
      for (SignerInformation signer : cms.getSignerInfos()) {
        var found = cms.getCertificates().getMatches(signer.getSID());
        X509CertificateHolder certificate = (X509CertificateHolder) found.iterator().next();
        var builder = new JcaSimpleSignerInfoVerifierBuilder().setProvider(new BouncyCastleProvider());
        if (!signer.verify(builder.build(certificate))) {
          return "INVALID";
        }
      }
      return cms.getSignerInfos().size() == 1 ? "VALID" : "NOT ONE SIGNER";
    } catch (Exception exception) {
      return "BROKEN " + exception.getClass().getSimpleName();
    }
  }

  /** Whether a time-stamp token is over these bytes. */
  private static boolean covers(byte[] token, byte[] signed) throws Exception {
    var info = new TimeStampToken(new CMSSignedData(token)).getTimeStampInfo();
    String algorithm = info.getMessageImprintAlgOID().getId();
    return Arrays.equals(
        MessageDigest.getInstance(algorithm, new BouncyCastleProvider()).digest(signed), info.getMessageImprintDigest());
  }
}
